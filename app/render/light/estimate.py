"""What the frame says about its light: colour, strength, direction, and the environment map most like it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.render.light.ambient import ambient_cube
from app.render.light.environment import DEFAULT_ENVIRONMENT, Environment, environment_names, load_environment
from app.render.light.shading import ShadingFit
from app.render.surface import HandSurface
from models.types import Camera, Float32, HandMesh, UInt8

GREY = 0.22  # what an average scene reflects
SKIN: Float32 = np.array([0.36, 0.21, 0.15], np.float32)  # what average skin reflects, linear RGB
_SKIN_BELIEVED = 0.8  # how far a skin darker than the scene tells the light's strength: it may be dark skin
MEMORY_S = 0.5
_TO_LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)
_FADE_S = 1.5  # from one environment to another
_BETTER = 0.15  # by which another environment has to be more like the light than the one that is shown ..
_LASTING_S = 2.0  # .. and for how long
_FAMILIAR = 0.35  # most cameras look at hands in environments like the default one
_TINT = 0.7  # an environment's colour (log red over blue) against its height of light (sine)


class SceneLight:
    """A running estimate; a jump in time starts afresh."""

    def __init__(self, surface: HandSurface, environment: str | None = None) -> None:
        """environment: the environment map that metal reflects; None: the most alike of those that ship.

        ValueError for an unknown one.
        """
        self._surface = surface
        names = environment_names() if environment is None else (environment,)
        self._environments = {name: load_environment(name) for name in names}
        self._start()

    def _start(self) -> None:
        self._time_s: float | None = None
        self._shading = ShadingFit(self._surface)
        self.white_rgb: Float32 = np.ones(3, np.float32)
        self.skin_rgb: Float32 = SKIN
        default = (
            DEFAULT_ENVIRONMENT
            if DEFAULT_ENVIRONMENT in self._environments
            else next(iter(self._environments))
        )
        self._current = self._previous = default
        self._changed_s = self._content_s = -np.inf

    def update(self, frame_rgb: UInt8, hands: Sequence[HandMesh], camera: Camera, time_s: float) -> None:
        """Look at one frame, (H, W, 3)."""
        dt = None if self._time_s is None else time_s - self._time_s
        if dt is not None and not 0 <= dt < 1:
            self._start()
            dt = None
        self._shading.update(frame_rgb, list(hands), camera, time_s)
        white, skin = estimate_light(frame_rgb, hands)
        keep = 0.0 if dt is None else float(np.exp(-dt / MEMORY_S))
        self.white_rgb = keep * self.white_rgb + (1 - keep) * white
        self.skin_rgb = keep * self.skin_rgb + (1 - keep) * skin
        self._choose_environment(time_s)
        self._time_s = time_s

    @property
    def direction(self) -> Float32:
        """(3,) unit vector towards most of the light, camera frame."""
        g = self._shading.gradient
        return (g / max(float(np.linalg.norm(g)), 1e-9)).astype(np.float32)

    @property
    def contrast(self) -> float:
        """0 where light comes from everywhere .. 1 from one lamp."""
        return float(np.clip(np.linalg.norm(self._shading.gradient) / 0.7, 0, 1))

    @property
    def environments(self) -> tuple[Environment, Environment]:
        """The environment map that metal reflects, and the previous one, which is fading."""
        return self._environments[self._current], self._environments[self._previous]

    def uniforms(self) -> dict[str, object]:
        """What the shaders are told."""
        age = ((self._time_s or 0.0) - self._changed_s) / _FADE_S
        fading = 1 - float(np.clip(age, 0, 1))
        rotations = [rotation_to(self.direction, environment) for environment in self.environments]
        return {
            "scene_light": self.white_rgb,
            "skin_rgb": self.skin_rgb,
            "light_direction": self.direction,
            "light_contrast": self.contrast,
            "environment_rotations": np.array(rotations, np.float32),
            "fading": fading,
            "max_level": float(len(self.environments[0].levels) - 1),
            "ambient": ambient_cube(self.environments, rotations, fading),
        }

    def _choose_environment(self, time_s: float) -> None:
        """Take the map whose light stands as high and is as warm as here; at once only at the start."""
        tint = _TINT * float(np.log(self.white_rgb[0] / self.white_rgb[2]))
        height = float(self.direction[1])
        off = {
            name: float(np.hypot(height - environment.main_light[1], tint - _TINT * environment.warmth))
            - _FAMILIAR * (name == DEFAULT_ENVIRONMENT)
            for name, environment in self._environments.items()
        }
        best = min(off, key=off.__getitem__)
        if self._time_s is None:
            self._current = self._previous = best
        if off[best] > off[self._current] - _BETTER:
            self._content_s = time_s
        elif time_s - self._content_s > _LASTING_S and time_s - self._changed_s > _FADE_S:
            self._previous, self._current, self._changed_s = self._current, best, time_s


def rotation_to(direction: Float32, environment: Environment) -> float:
    """By how much of a whole turn a panorama is rotated so that its light comes from a direction, (3,).

    Only from behind the camera: what is ahead is in the picture, where no lamp is.
    """
    x, _, z = direction.tolist()
    wanted = np.arctan2(x, min(z, -0.4 * abs(x)) - 0.15)
    return float((np.arctan2(environment.main_light[0], environment.main_light[2]) - wanted) / (2 * np.pi))


def estimate_light(frame_rgb: UInt8, hands: Sequence[HandMesh]) -> tuple[Float32, Float32]:
    """White and skin, linear RGB (3,) each, of one frame.

    White: the scene is grey on average, and the skin is as skin is. In tint a third of each is believed (a
    red wall is not a red lamp). In strength a hand that is brighter than what is behind it is believed (that
    is in less light), a darker one mostly. Skin: the median under the hand's joints.
    """
    height, width, _ = frame_rgb.shape
    step = max(1, min(height, width) // 48)
    mean = _TO_LINEAR[frame_rgb[::step, ::step]].mean((0, 1)) + 1e-3
    joints = np.concatenate([hand.joints_2d_px for hand in hands]) if hands else np.zeros((0, 2))
    px = np.rint(joints).astype(int)
    px = px[(px >= 0).all(1) & (px < [width, height]).all(1)]
    scene = mean / GREY
    if len(px) == 0:
        white = _white(scene)
        return white, (SKIN * white).astype(np.float32)
    skin = np.median(_TO_LINEAR[frame_rgb[px[:, 1], px[:, 0]]], axis=0) + 1e-3
    return _white(skin / SKIN, scene), np.asarray(skin, np.float32)


def _white(*guesses: Float32) -> Float32:
    """(3,) the geometric mean of guesses, of strength mostly the first's; two thirds of the tint."""
    log = np.log(guesses)
    levels = log.mean(1)
    level = levels[0] + (1 - _SKIN_BELIEVED) * max(float(levels[-1] - levels[0]), 0.0)
    tint = np.clip(log.mean(0) - levels.mean(), -0.6, 0.5)
    return np.exp(np.clip(level, np.log(0.12), np.log(1.6)) + 2 / 3 * tint).astype(np.float32)
