"""The light around the hand: environment maps and what the frame says about it."""
