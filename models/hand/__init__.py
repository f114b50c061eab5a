"""The hand model: its data, skinning, limits, and the files it is read from."""
