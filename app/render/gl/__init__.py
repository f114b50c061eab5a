"""OpenGL: contexts, programs, targets, and the pyrender scene drawn with them."""
