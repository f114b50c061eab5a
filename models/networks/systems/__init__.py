"""The systems that reconstruct a mesh from a crop: one file each, found by `models.networks.zoo`."""
