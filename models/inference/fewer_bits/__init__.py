"""Landmark encoders in fewer bits where that is harmless: for processors that multiply them faster."""
