"""Synthetic pictures of hands, and what is learnt from them. Never imported by the app."""
