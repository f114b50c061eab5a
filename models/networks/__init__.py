"""The published networks, one file each, and the parts they are made of."""
