"""The drawn layer alone: laid over the clean picture it gives the recorded one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from app.frame import Layer, Picture
from app.output import OutputError
from app.recorder import Recorder, RecordingOptions, RecordingState
from app.recorder.layer_video import LayerWriter, flattened
from app.render.blend import blend
from app.render.overlays import draw_joints, joints_layer
from app.render.viewport import Viewport
from app.session import Settings
from app.session.drawing import Drawing
from tests.app.clips import numbered_picture, video_times_s
from tests.app.fakes import FakeCompositor, fake_hand, fake_picture

GLASS = np.full((20, 30, 4), (100, 50, 25, 128), np.uint8)  # premultiplied: half of (200, 100, 50)


def over(back_rgb: np.ndarray, straight_rgba: np.ndarray) -> np.ndarray:
    alpha = straight_rgba[..., 3:] / 255
    return np.rint(straight_rgba[..., :3] * alpha + back_rgb * (1 - alpha)).astype(np.uint8)


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]


def test_layers_are_flattened_with_straight_alpha() -> None:
    behind = Layer(10, 8, np.full((20, 30, 4), (0, 0, 200, 200), np.uint8))
    out = flattened([behind, Layer(20, 10, GLASS)], 64, 48)
    assert out.shape == (48, 64, 4)
    assert not out[:8].any()
    assert out[9, 12].tolist() == [0, 0, 255, 200]
    assert out[29, 45].tolist() == [199, 100, 50, 128]
    picture = np.full((48, 64, 3), 90, np.uint8)
    expected = picture.copy()
    for layer in (behind, Layer(20, 10, GLASS)):
        blend(expected, Viewport(layer.x, layer.y, 30, 20, 1), layer.rgba)
    assert np.abs(over(picture, out).astype(int) - expected).max() <= 2


def test_a_layer_that_reaches_beyond_the_picture_is_cut() -> None:
    for x, y in ((-10, -5), (50, 40)):
        out = flattened([Layer(x, y, GLASS)], 64, 48)
        assert out[..., 3].any()
    assert not flattened([], 64, 48).any()


@pytest.mark.parametrize("size_wh", [(64, 48), (63, 47)])
def test_what_is_written_has_alpha_colours_and_times(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    writer = LayerWriter(tmp_path / "a.layer.mov", size_wh)
    times_s = [0.0, 0.03, 0.03, 0.5]  # one doesn't advance
    for time_s in times_s:
        writer.write([Layer(16, 16, np.full((24, 32, 4), (180, 60, 30, 255), np.uint8))], time_s)
    writer.close()
    assert video_times_s(writer.path) == pytest.approx([0, 0.03, 0.5], abs=1e-3)
    first = decoded(writer.path)[0]
    assert first[2, 2, 3] == 0
    assert first[30, 30, 3] == 255
    assert np.abs(first[30, 30, :3].astype(int) - (180, 60, 30)).max() < 6
    with av.open(str(writer.path)) as container:
        assert container.streams.video[0].codec_context.name == "prores"


def with_layer(index: int) -> Picture:
    clean = numbered_picture(index, 64, 48)
    drawn = clean.copy()
    blend(drawn, Viewport(20, 10, 30, 20, 1), GLASS)
    picture = fake_picture(drawn, 100 + index / 30, clean)
    return replace(picture, layers=(Layer(20, 10, GLASS),))


def test_it_stands_beside_the_recording_and_fits_it(tmp_path: Path) -> None:
    states: list[RecordingState] = []
    options = RecordingOptions(clean=True, layer=True)
    recorder = Recorder(tmp_path / "a.mp4", states.append, options)
    recorder.add(replace(with_layer(0), layers=None))  # drawn before it was asked for: left out
    for index in range(1, 13):
        recorder.add(with_layer(index))
    recorder.finish()
    recorder.join()
    assert (states[-1].error, states[-1].frames) == ("", 12)
    assert video_times_s(tmp_path / "a.layer.mov") == video_times_s(tmp_path / "a.mp4")
    layer = decoded(tmp_path / "a.layer.mov")[5]
    clean, drawn = (decoded(tmp_path / name)[5][..., :3] for name in ("a.clean.mp4", "a.mp4"))
    assert np.abs(over(clean, layer).astype(int) - drawn)[12:28, 24:46].mean() < 5


@pytest.mark.fault
def test_a_layer_that_cannot_be_written_ends_in_one_line(tmp_path: Path) -> None:
    writer = LayerWriter(tmp_path / "missing" / "a.mov", (64, 48))

    def write_all() -> None:  # some frames are on their way in the encoder
        for index in range(9):
            writer.write([], index / 30)

    with pytest.raises(OutputError, match="can't be written"):
        write_all()


def test_drawing_keeps_layers_only_where_they_are_asked_for() -> None:
    compositor = FakeCompositor(drawn=(Layer(0, 0, GLASS),))
    drawing = Drawing(lambda: compositor, lambda error: None)
    picture = fake_picture(numbered_picture(0, 64, 48), 0.0)
    assert drawing.draw(picture, Settings()).layers is None
    assert drawing.draw(picture, Settings(), keep_layers=True).layers == compositor.drawn
    assert drawing.draw(picture, Settings(effect="none"), keep_layers=True).layers == ()
    drawing.close()


def test_joints_apart_are_those_drawn_into_the_picture() -> None:
    rng = np.random.default_rng(0)
    joints = rng.uniform(-10, 110, (21, 2)).astype(np.float32)
    hand = replace(fake_hand(), joints_2d_px=joints)
    picture = np.full((80, 100, 3), 140, np.uint8)
    layer = joints_layer(hand, 100, 80)
    apart = picture.copy()
    blend(apart, Viewport(layer.x, layer.y, layer.rgba.shape[1], layer.rgba.shape[0], 1), layer.rgba)
    draw_joints(picture, hand)
    assert np.abs(apart.astype(int) - picture).max() < 6
    assert joints_layer(replace(hand, joints_2d_px=joints + 500), 100, 80) is None
