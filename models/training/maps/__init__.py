"""Crops seen once by the frozen landmark encoder, and kept as its maps: decoders are taught from these."""
