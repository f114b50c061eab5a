"""The ring's part of the panel."""
