"""How near a model comes to the truth: metrics, benchmark readers, runs and their reports."""
