"""The light of an environment, rotated with it."""

import numpy as np
import pytest

from models.geometry import rotation_from_axis_angle
from models.training.synthetic import appearance
from models.training.synthetic.appearance import irradiance_coefficients, rotated_light
from models.training.synthetic.atlas import ROW_TEXELS, TEXELS
from models.training.synthetic.lighting import spread_directions


def test_the_light_of_a_rotated_environment_is_its_light_rotated() -> None:
    rng = np.random.default_rng(0)
    directions = spread_directions(400)
    radiance, solid_angle = rng.random((400, 3)), np.full(400, 4 * np.pi / 400)
    R = rotation_from_axis_angle(rng.normal(0, 1.5, (5, 3)))
    light = irradiance_coefficients(radiance, directions, solid_angle)
    rotated = rotated_light(np.broadcast_to(light, (5, 9, 3)), R)
    for k in range(5):
        np.testing.assert_allclose(
            rotated[k], irradiance_coefficients(radiance, directions @ R[k].T, solid_angle), atol=1e-6
        )


def test_an_environment_of_one_colour_lights_all_sides_with_it() -> None:
    directions = spread_directions(4000)
    light = irradiance_coefficients(
        np.tile([1.0, 0.5, 0.2], (4000, 1)), directions, np.full(4000, 4 * np.pi / 4000)
    )
    np.testing.assert_allclose(light[0], [1.0, 0.5, 0.2], rtol=1e-5)
    np.testing.assert_allclose(light[1:], 0, atol=2e-3)


def test_ink_takes_no_chance_from_what_else_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Henna and tattoos are worn by some; without them the same hands come out."""

    def rows() -> np.ndarray:
        table = np.zeros((200, ROW_TEXELS, 4), np.float32)
        rng = np.random.default_rng([3, 1])
        appearance.write_appearance(table, rng, np.zeros(200))
        appearance.write_backgrounds(table, rng, 10, np.zeros(200))
        return table

    worn = rows()
    monkeypatch.setattr(appearance, "_HENNA", 0.0)
    monkeypatch.setattr(appearance, "_TATTOO", 0.0)
    plain = rows()
    ink = slice(TEXELS["INK"], TEXELS["INK"] + 2)
    assert 0.05 < (worn[:, TEXELS["INK"], 3] > 0).mean() < 0.2
    assert not plain[:, TEXELS["INK"], 3].any()
    worn[:, ink] = plain[:, ink] = 0
    np.testing.assert_array_equal(worn, plain)
