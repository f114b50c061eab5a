"""The pipeline on files instead of a camera."""
