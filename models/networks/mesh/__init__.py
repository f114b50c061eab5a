"""The hand's mesh as networks need it: the pyramid of resolutions and its spiral neighbourhoods."""
