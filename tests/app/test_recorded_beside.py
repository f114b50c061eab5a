"""What recordings keep beside the picture: the clean plate, the hands, the sound."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from app.export.formats.sidecar import read_sidecar
from app.output import OutputError
from app.recorder import Recorder, RecordingOptions, RecordingState, Sound, VideoWriter
from app.recorder.microphone import RATE
from tests.app.clips import numbered_picture, video_times_s
from tests.app.fakes import fake_picture


class Tone:
    """A microphone that hears 440 Hz from half a second before the first picture on, in blocks."""

    def __init__(self) -> None:
        self.at_s, self.closed = 99.5, False

    def read(self) -> list[Sound]:
        t = self.at_s + np.arange(1600) / RATE
        self.at_s = float(t[-1] + 1 / RATE)
        return [Sound((8000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16), float(t[0]))]

    def close(self) -> None:
        self.closed = True


def record_with(path: Path, options: RecordingOptions, listen: Callable[[], object] = Tone) -> RecordingState:
    states: list[RecordingState] = []
    recorder = Recorder(path, states.append, options, listen)  # type: ignore[arg-type]
    for index in range(60):
        picture = numbered_picture(index, 64, 48)
        recorder.add(fake_picture(picture, 100 + index / 30, 255 - picture))
        while recorder._queue.qsize() > 8:
            time.sleep(0.005)
    recorder.finish()
    recorder.join()
    return states[-1]


def test_the_clean_plate_and_the_hands_stand_beside_the_picture(tmp_path: Path) -> None:
    end = record_with(tmp_path / "a.mp4", RecordingOptions(clean=True, hands=True))
    assert (end.error, end.lacks, end.frames) == ("", "", 60)
    times_s = video_times_s(tmp_path / "a.mp4")
    assert video_times_s(tmp_path / "a.clean.mp4") == times_s
    moments = list(read_sidecar(tmp_path / "a.jsonl"))
    assert [m.time_s for m in moments] == pytest.approx(times_s, abs=1e-3)
    assert [m.index for m in moments] == list(range(60))
    for name, brightness in (("a.mp4", 60), ("a.clean.mp4", 195)):
        with av.open(str(tmp_path / name)) as container:
            image_rgb = next(container.decode(video=0)).to_ndarray(format="rgb24")
        assert abs(int(image_rgb[40, 50, 1]) - brightness) < 6


def test_sound_goes_with_the_picture(tmp_path: Path) -> None:
    """The tone is 20 ms of sound a picture, from before the first picture: it starts with it and lasts."""
    end = record_with(tmp_path / "a.mp4", RecordingOptions(sound=True))
    assert (end.error, end.lacks) == ("", "")
    with av.open(str(tmp_path / "a.mp4")) as container:
        frames = list(container.decode(audio=0))
        samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
        rate = frames[0].sample_rate
        start_s = float(frames[0].pts * frames[0].time_base)
    heard_s = 60 * 1600 / RATE - 0.5  # less what came before the first picture
    assert start_s == pytest.approx(0, abs=0.05)
    assert len(samples) / rate == pytest.approx(heard_s, abs=0.06)
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * rate / len(middle) == pytest.approx(440, abs=3)
    assert video_times_s(tmp_path / "a.mp4")[-1] == pytest.approx(59 / 30, abs=1e-3)


def test_a_silent_stretch_keeps_its_length(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", (64, 48), live=True, sound_rate=RATE)
    for index in range(60):
        writer.write(numbered_picture(index, 64, 48), index / 30)
        if not 15 <= index < 45:
            writer.write_sound(Sound(np.full(1600, 5000, np.int16), index / 30))
    writer.close()
    with av.open(str(writer.path)) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(samples) / RATE == pytest.approx(2.0, abs=0.06)
    assert np.abs(samples[int(0.6 * RATE) : int(1.4 * RATE)]).max() < 0.01


@pytest.mark.fault
def test_without_a_microphone_the_picture_is_recorded_and_the_lack_told(tmp_path: Path) -> None:
    def none() -> Tone:
        raise OutputError("no sound: the microphone can't be opened")

    end = record_with(tmp_path / "a.mp4", RecordingOptions(sound=True), none)
    assert (end.frames, end.error) == (60, "")
    assert end.lacks.startswith("no sound")
