from __future__ import annotations

import numpy as np
import pytest

from app.effects.ring.sizes import measured, parse_size, ring_size, us_diameter_mm
from app.measure.depth_error import MEASURED_SIZE, UNKNOWN_SIZE


@pytest.mark.parametrize(
    ("text", "mm"),
    [("17.3", 17.3), ("17.3mm", 17.3), ("US7", 17.32), ("us 6.5", 16.91), ("EU54", 17.19), (" 16 mm ", 16)],
)
def test_sizes_as_people_write_them(text, mm):
    assert parse_size(text) == pytest.approx(mm, abs=0.01)


@pytest.mark.parametrize("text", ["", "large", "US", "US7mm", "-3", "7e3", "17,3"])
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match=r"17\.3mm, US7 or EU54"):
        parse_size(text)


def test_us_sizes_there_and_back():
    for us in np.arange(3, 13, 0.5):
        assert ring_size(us_diameter_mm(us)).us == us


def test_the_uncertainty_is_the_hands_size_at_least_and_grows_with_noise():
    rng = np.random.default_rng(0)
    still = restless = None
    for i in range(200):
        still = measured(still, 17.0, 1.0, i / 30)
        restless = measured(restless, 17.0 + rng.normal(0, 1.0), 1.0, i / 30)
    assert still.diameter_mm == 17.0
    assert still.uncertainty_mm == pytest.approx(17 * UNKNOWN_SIZE)
    assert restless.diameter_mm == pytest.approx(17, abs=0.5)
    assert np.sqrt(restless.variance_mm2) == pytest.approx(1.0, abs=0.25)
    assert restless.uncertainty_mm > 1.15 * still.uncertainty_mm
    assert measured(None, 17.0, 1.2, 0.0).uncertainty_mm > still.uncertainty_mm
    assert str(still) == "17.0 ± 1.0 mm · US 6.5 · EU 53"
    assert str(measured(None, 17.0, 1.0, 0.0, MEASURED_SIZE)) == "17.0 ± 0.3 mm · US 6.5 · EU 53"
