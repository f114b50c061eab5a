"""Rings on fingers: designs, files from users, fit, size and placement."""
