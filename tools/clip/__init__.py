"""The demo clip: its motion and the renderer that draws it."""
