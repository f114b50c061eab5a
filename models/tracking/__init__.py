"""From a frame to the hands in it: detect, crop, infer, reconstruct, smooth."""
