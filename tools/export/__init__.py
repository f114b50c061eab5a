"""Files for other programs: what they cost."""
