"""A recording that is paused: pictures and sound are cut at the same places, and the file has no gap."""

from __future__ import annotations

import time
from pathlib import Path

import av
import numpy as np
import pytest

from app.export.formats.sidecar import read_sidecar
from app.recorder import Recorder, RecordingOptions, RecordingState, Sound
from app.recorder.microphone import RATE
from app.recorder.pauses import Pauses
from tests.app.clips import numbered_picture, video_times_s
from tests.app.fakes import fake_picture


def paused(*stretches: tuple[float, float]) -> Pauses:
    pauses = Pauses()
    for start_s, end_s in stretches:
        pauses.pause(start_s)
        pauses.go_on(end_s)
    return pauses


def test_the_recordings_clock_stands_still_in_a_pause() -> None:
    pauses = paused((10, 13), (20, 24))
    expected = {9: 9, 10: None, 12.9: None, 13: 10, 19: 16, 20: None, 24: 17, 30: 23}
    assert {t: pauses.recorded_s(t) for t in expected} == expected
    pauses.pause(31)
    pauses.pause(33)  # twice is once
    assert (pauses.recorded_s(30.5), pauses.recorded_s(32), pauses.paused) == (23.5, None, True)


def test_sound_is_cut_where_the_pictures_are() -> None:
    pauses = paused((10.25, 10.5), (10.75, 11.75))
    sound = Sound(np.arange(2 * RATE, dtype=np.int16), 10.0)
    pieces = list(pauses.recorded(sound, RATE))
    assert [len(piece.samples) / RATE for piece in pieces] == pytest.approx([0.25, 0.25, 0.25])
    assert [piece.time_s for piece in pieces] == pytest.approx([10.0, 10.25, 10.5])
    assert pieces[1].samples[0] == np.int16(RATE // 2)
    within = Sound(np.zeros(100, np.int16), 11.0)
    assert list(pauses.recorded(within, RATE)) == []
    pauses.pause(12)
    late = Sound(np.zeros(RATE, np.int16), 11.9)
    assert [len(piece.samples) for piece in pauses.recorded(late, RATE)] == [RATE // 10]


class Counting:
    """A microphone whose every sample tells the time: one step each ten milliseconds."""

    def __init__(self) -> None:
        self.at = 0

    def read(self) -> list[Sound]:
        samples = np.repeat(np.arange(self.at, self.at + 5, dtype=np.int16) * 50, RATE // 100)
        sound = Sound(samples, 100 + self.at / 100)
        self.at += 5
        return [sound]

    def close(self) -> None:
        pass


def test_a_paused_recording_has_no_gap_in_any_of_its_files(tmp_path: Path) -> None:
    states: list[RecordingState] = []
    options = RecordingOptions(clean=True, hands=True, sound=True)
    recorder = Recorder(tmp_path / "a.mp4", states.append, options, Counting)
    recorder._pauses.pause(101.0)
    recorder._pauses.go_on(102.0)
    for index in range(90):  # three seconds, the second of them paused
        recorder.add(fake_picture(numbered_picture(index, 64, 48), 100 + index / 30 + 1e-4))
        while recorder._queue.qsize() > 8:
            time.sleep(0.002)
    recorder.finish()
    recorder.join()
    assert (states[-1].error, states[-1].frames, states[-1].dropped) == ("", 60, 0)
    assert states[-1].elapsed_s == pytest.approx(59 / 30, abs=1e-3)
    for name in ("a.mp4", "a.clean.mp4"):
        times_s = video_times_s(tmp_path / name)
        assert np.diff(times_s) == pytest.approx(1 / 30, abs=1e-3)  # no gap where the pause was
    moments = list(read_sidecar(tmp_path / "a.jsonl"))
    assert [moment.index for moment in moments] == list(range(60))
    assert moments[-1].time_s == pytest.approx(59 / 30, abs=1e-3)
    with av.open(str(tmp_path / "a.mp4")) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    level = 32768 * samples  # what it says: 50 for each hundredth of a second that it was heard at
    for at_s, heard_s in ((0.5, 0.5), (0.9, 0.9), (1.1, 2.1), (1.4, 2.4)):
        assert level[round(at_s * RATE)] == pytest.approx(5000 * heard_s, abs=400)


def test_pause_and_go_on_follow_the_clock(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.mp4", lambda state: None)
    now_s = time.monotonic()
    recorder.add(fake_picture(numbered_picture(0, 64, 48), now_s))
    recorder.pause()
    assert recorder.paused
    recorder.add(fake_picture(numbered_picture(1, 64, 48), time.monotonic() + 0.01))
    time.sleep(0.2)
    recorder.go_on()
    assert not recorder.paused
    last_s = time.monotonic() + 0.02
    recorder.add(fake_picture(numbered_picture(2, 64, 48), last_s))
    recorder.finish()
    recorder.join()
    times_s = video_times_s(tmp_path / "a.mp4")
    assert len(times_s) == 2
    assert 0 < times_s[1] < last_s - now_s - 0.2 + 2e-3  # the pause, of 0.2 s at least, is left out
