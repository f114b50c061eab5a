"""Recording the live picture: video, the clean plate, hands and sound beside it."""

from app.recorder.recorder import Recorder, RecordingOptions, RecordingState
from app.recorder.video import Sound, VideoWriter

__all__ = ["Recorder", "RecordingOptions", "RecordingState", "Sound", "VideoWriter"]
