"""Where the light comes from, read off the shading of the skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.render.surface import HandSurface
from models.geometry import project
from models.types import Camera, Float64, HandMesh, UInt8

USUAL_LIGHT: Float64 = np.array([-0.42, -0.78, -0.46])  # towards it: above, left, behind the camera
USUAL_CONTRAST = 0.35
MEMORY_S = 3.0
EVERY_S = 0.12
_TRUST = 0.03  # in the usual light, as variance of the normals
_FACING = 0.25  # skin turned farther away than this cosine is seen too obliquely
_CELL_PX, _BEHIND_M = 6, 0.008  # a vertex this far behind the nearest one of its cell is hidden
_ODD_COLOUR, _LEAST = 0.25, 60  # log chroma that is not this skin; points that make a fit
_LUMA = np.array([0.2126, 0.7152, 0.0722])
_TO_LINEAR = (np.arange(256) / 255.0) ** 2.2


class ShadingFit:
    """A running least-squares fit of a matt surface: brightness over mean = 1 + c . (normal - mean normal).

    For distant light c is the first order of its irradiance's spherical harmonics (Ramamoorthi and Hanrahan,
    SIGGRAPH 2001), relative to the mean over the skin in view. As the hand turns it shows more normals, so
    what was seen is remembered for MEMORY_S; where nothing speaks, the light is taken for USUAL_LIGHT.
    """

    def __init__(self, surface: HandSurface) -> None:
        self._surface = surface
        self._time_s = -np.inf
        self._normals: Float64 = np.zeros((3, 3))
        self._shades: Float64 = np.zeros(3)
        self.gradient: Float64 = USUAL_CONTRAST * USUAL_LIGHT / np.linalg.norm(USUAL_LIGHT)

    def update(self, frame_rgb: UInt8, hands: list[HandMesh], camera: Camera, time_s: float) -> None:
        """Look at the hands in a frame (H, W, 3), every EVERY_S. `gradient`: c, (3,), camera frame."""
        dt = time_s - self._time_s
        if 0 <= dt < EVERY_S or not hands:
            return
        self._time_s = time_s
        keep = float(np.exp(-dt / MEMORY_S)) if dt > 0 else 0.0
        for hand in hands:
            normals, shade = lit_skin(frame_rgb, hand, self._surface.normals(hand), camera)
            if len(shade) < _LEAST:
                continue
            off = normals - normals.mean(0)
            self._normals = keep * self._normals + (1 - keep) / len(off) * (off.T @ off)
            self._shades = keep * self._shades + (1 - keep) * off.T @ (shade / shade.mean() - 1) / len(off)
        usual = USUAL_CONTRAST * USUAL_LIGHT / np.linalg.norm(USUAL_LIGHT)
        evidence = self._normals + _TRUST * np.eye(3)
        found = np.asarray(np.linalg.solve(evidence, self._shades + _TRUST * usual), np.float64)
        self.gradient = found if keep == 0.0 else self.gradient + 0.3 * (found - self.gradient)


def lit_skin(
    frame_rgb: UInt8, hand: HandMesh, normals: NDArray[np.floating], camera: Camera
) -> tuple[Float64, Float64]:
    """Normals (N, 3) and linear brightness (N,) of the vertices that the camera sees, on skin.

    Left out are those of another colour than most, such as the background where mesh and picture differ, and
    those in deep shadow or glare.
    """
    v = hand.vertices_m.astype(np.float64)
    facing = -(normals * v).sum(1) / np.linalg.norm(v, axis=1)
    px = np.rint(project(v, camera)).astype(int)
    seen = (facing > _FACING) & (px >= 0).all(1) & (px < [camera.width, camera.height]).all(1)
    px, z, normals = px[seen], v[seen, 2], np.asarray(normals[seen], np.float64)
    nearest = np.full((camera.height // _CELL_PX + 1, camera.width // _CELL_PX + 1), np.inf)
    y, x = px[:, 1] // _CELL_PX, px[:, 0] // _CELL_PX
    np.minimum.at(nearest, (y, x), z)
    front = z < nearest[y, x] + _BEHIND_M
    px, normals = px[front], normals[front]
    if len(px) < _LEAST:
        return np.zeros((0, 3)), np.zeros(0)
    rgb = _TO_LINEAR[frame_rgb[px[:, 1], px[:, 0]]] + 1e-3
    luma = rgb @ _LUMA
    usual = np.median(rgb, 0)
    odd = np.abs(np.log(rgb / luma[:, None]) - np.log(usual / (usual @ _LUMA))).max(1)
    middle = np.median(luma)
    skin = (odd < _ODD_COLOUR) & (luma > 0.3 * middle) & (luma < 2.5 * middle)
    return normals[skin], luma[skin]
