"""`fit` against joints measured by two calibrated cameras."""

from contextlib import closing

import pytest

from models.datasets.sets.stereo import stereo
from models.evaluation.benchmark import run
from models.evaluation.figures import figures, judged_rows
from models.evaluation.predictors import make_predictor
from tests.paths import REAL

STEREO = REAL / "stereo"


def test_fit_is_within_twelve_millimetres_of_measured_joints() -> None:
    if not (STEREO / "reference.npz").is_file():
        pytest.skip("needs ../shared/real/stereo")
    with closing(make_predictor("fit")) as fit:
        result = run(stereo(STEREO, every=4), {"fit": fit})
    assert len(judged_rows(result)) > 0.95 * len(result.truths)
    found = figures(result)["fit"]
    assert found["missed"] <= 0.03 * len(result.truths)
    assert found["pa_mpjpe_mm"]["mean"] <= 12
