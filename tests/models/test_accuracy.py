"""`fit` against joints measured by two calibrated cameras."""

from pathlib import Path

import numpy as np
import pytest

from tools.measure_accuracy import errors_mm

STEREO = Path(__file__).resolve().parents[3] / "shared" / "real" / "stereo"


def test_fit_is_within_twelve_millimetres_of_measured_joints() -> None:
    if not (STEREO / "reference.npz").is_file():
        pytest.skip("needs ../shared/real/stereo")
    errors = errors_mm(STEREO, every=4, mediapipe=False)["fit"]
    assert np.isfinite(errors).mean() > 0.97
    assert np.nanmean(errors) <= 12
