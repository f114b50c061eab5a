"""Drawn hands: poses, viewpoints, appearance, and the renderer."""
