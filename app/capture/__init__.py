"""Webcams, videos and images as timestamped frames."""

from app.capture.cameras import CameraInfo, CameraWishes, list_cameras
from app.capture.fault import SourceError
from app.capture.files import VideoFile, open_file
from app.capture.images import PATTERNS, ImageFile, check_file, read_image
from app.capture.live import DEMO, DEMO_CLIP, live_frames, source_kind, source_path, source_title
from app.capture.modes import TRIED, USUAL, CameraMode, parse_mode, parse_size
from app.capture.webcam import Webcam
from app.frame import Frame

__all__ = [
    "DEMO",
    "DEMO_CLIP",
    "PATTERNS",
    "TRIED",
    "USUAL",
    "CameraInfo",
    "CameraMode",
    "CameraWishes",
    "Frame",
    "ImageFile",
    "SourceError",
    "VideoFile",
    "Webcam",
    "check_file",
    "list_cameras",
    "live_frames",
    "open_file",
    "parse_mode",
    "parse_size",
    "read_image",
    "source_kind",
    "source_path",
    "source_title",
]
