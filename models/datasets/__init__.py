"""Data sets, one file each, and the samples they are read into."""
