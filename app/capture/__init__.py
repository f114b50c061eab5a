"""Webcams, videos and images as timestamped frames."""

from app.capture.fault import SourceError
from app.capture.files import VideoFile, open_file
from app.capture.images import PATTERNS, ImageFile, check_file, read_image
from app.capture.live import DEMO, DEMO_CLIP, live_frames, source_kind, source_path, source_title
from app.capture.webcam import CameraInfo, Webcam, list_cameras
from app.frame import Frame

__all__ = [
    "DEMO",
    "DEMO_CLIP",
    "PATTERNS",
    "CameraInfo",
    "Frame",
    "ImageFile",
    "SourceError",
    "VideoFile",
    "Webcam",
    "check_file",
    "list_cameras",
    "live_frames",
    "open_file",
    "read_image",
    "source_kind",
    "source_path",
    "source_title",
]
