"""Hands proposed in whole pictures: a head on what MediaPipe's palm network sees."""
