"""The light of an environment, rotated with it."""

import numpy as np

from models.geometry import rotation_from_axis_angle
from models.training.synthetic.appearance import irradiance_coefficients, rotated_light
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
