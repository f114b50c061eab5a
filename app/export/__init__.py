"""What can be taken away from a video besides the picture: joints, meshes, animation, MANO parameters.

Every writer is told of each frame in turn and finishes its file at the end.
"""

from app.export.entry import ExportFormat, HandsWriter
from app.export.registry import Exports, export_formats, make_writers

__all__ = ["ExportFormat", "Exports", "HandsWriter", "export_formats", "make_writers"]
