"""Scripts that rebuild the files in assets/."""
