"""Pictures as planes: what swscale makes of them, sooner."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from app.recorder.planes import video_frame


@pytest.mark.parametrize("size_wh", [(64, 48), (66, 50), (1282, 60)])  # rows that are padded in memory too
def test_planes_are_those_of_the_slow_way(size_wh: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (2, 3, 3), np.uint8)  # every colour, no edges: filters differ there
    image_rgb = np.asarray(cv2.resize(coarse, size_wh, interpolation=cv2.INTER_CUBIC), np.uint8)
    slow = av.VideoFrame.from_ndarray(image_rgb, format="rgb24")
    slow = slow.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
    ours, theirs = (frame.to_ndarray().astype(int) for frame in (video_frame(image_rgb), slow))
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 5
    assert np.abs(ours - theirs).mean() < 1


def test_white_black_and_grey_are_where_video_has_them() -> None:
    for level, luma in ((0, 16), (255, 235), (128, 126)):
        planes = video_frame(np.full((4, 4, 3), level, np.uint8)).to_ndarray()
        assert np.unique(planes[:4]).tolist() == [luma]
        assert np.unique(planes[4:]).tolist() == [128]


def test_odd_sizes_are_padded_by_their_edge() -> None:
    image_rgb = np.zeros((3, 5, 3), np.uint8)
    image_rgb[:, -1] = 255
    frame = video_frame(image_rgb)
    assert (frame.width, frame.height) == (6, 4)
    assert frame.to_ndarray()[3, 4:6].tolist() == [235, 235]
