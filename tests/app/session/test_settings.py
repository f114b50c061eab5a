"""What the settings tell of the camera."""

from __future__ import annotations

import pytest

from app.cli import build_parser
from app.commands.options import camera_settings
from app.measure.depth_error import STATED_FOCAL, UNKNOWN_FOCAL
from app.session import Settings
from models.geometry import DEFAULT_FOV_DEG


@pytest.mark.fault
@pytest.mark.parametrize("fov_deg", [DEFAULT_FOV_DEG, 78.0])
def test_a_field_of_view_that_was_stated_counts_as_known(fov_deg: float) -> None:
    """Also one that happens to be what would have been assumed."""
    arguments = build_parser().parse_args(["live", "--fov", f"{fov_deg:g}"])
    settings = camera_settings(arguments, Settings())
    assert settings.depth_error.focal == STATED_FOCAL
    assert settings.camera(640, 480) == Settings(fov_deg=fov_deg).camera(640, 480)


def test_one_that_nobody_stated_is_assumed_and_counts_as_unknown() -> None:
    settings = camera_settings(build_parser().parse_args(["live"]), Settings())
    assert settings.depth_error.focal == UNKNOWN_FOCAL
    assert settings.camera(640, 480) == Settings(fov_deg=DEFAULT_FOV_DEG).camera(640, 480)
