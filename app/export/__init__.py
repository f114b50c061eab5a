"""What can be taken away from a video besides the picture: joints, meshes, animation, MANO parameters.

Every writer is told of each frame in turn (`Moment`) and finishes its file at the end.
"""

from app.export.writers import HandsWriter, Moment, Wanted, make_writers

__all__ = ["HandsWriter", "Moment", "Wanted", "make_writers"]
