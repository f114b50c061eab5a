"""MediaPipe's own programs, kept from the network and from stderr."""
