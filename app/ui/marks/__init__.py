"""What is painted over the picture in the window, and never into it."""
