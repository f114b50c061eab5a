"""A landmark encoder of smaller crops, taught by the one of 224 pixels to see the same."""
