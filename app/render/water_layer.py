"""Draws water: all drops in one call into a picture of how much lies where, then that picture as water."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from OpenGL import GL

from app.render.gl.layer import LayerRenderer, projection
from app.render.gl.program import Program
from app.render.gl.stream import PhotoTexture, VertexStream
from app.render.gl.target import Target
from app.render.scene import Water
from app.render.viewport import Viewport
from models.types import Camera, Float32, UInt8

_TILE_PX = 8
_NOTHING = (0.0, 0.0, 0.0, 0.0)  # background
_CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]])  # of a rectangle's two triangles
_SHADOW = 1.6  # from a drop to its shadow, in its radii
_COARSE = 0.5  # pixels of the amount to one of the picture: water is smooth
_THIN = 0.16  # THIN of amount.glsl: less is not seen
_WIDER = 1.9  # a drop's stain, of its radius: neighbours run together


class WaterLayer:
    """Belongs to a renderer and its thread, which must have drawn the viewport's occluders."""

    def __init__(self, renderer: LayerRenderer) -> None:
        self._renderer = renderer
        self._drops = Program("water/drops.vert", "water/drops.frag")
        self._shadow = Program("screen.vert", "water/water_shadow.frag")
        self._water = Program("screen.vert", "water/water.frag")
        for program in (self._drops, self._shadow, self._water):
            program._add_to_context()
        self._amount = Target(GL.GL_R32F, smooth=True)
        self._picture = Target(GL.GL_RGBA8)
        self._photo, self._stream = PhotoTexture(), VertexStream(4)

    def draw(
        self, water: Water, viewport: Viewport, camera: Camera, photo_rgb: UInt8, uniforms: Mapping[str, Any]
    ) -> UInt8:
        """(h, w, 4) premultiplied RGBA for a viewport of one sample a pixel.

        photo_rgb: (h, w, 3), the frame's part in the viewport. uniforms: of the scene's light.
        """
        w, h = viewport.width, viewport.height
        distance_m = float(np.median(water.drops_m[:, 2]))
        drop_px = water.radius_m * camera.fx / distance_m
        coarse_wh = -(-w // 2), -(-h // 2)
        self._amount.begin(*coarse_wh, _NOTHING)
        GL.glEnable(GL.GL_PROGRAM_POINT_SIZE)
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE)
        self._drops._bind()
        self._renderer.bind_textures(self._drops)
        self._drops.set_uniform("P", projection(viewport.intrinsics(camera, _COARSE), *coarse_wh))
        self._drops.set_uniform("drop_px_m", _COARSE * _WIDER * water.radius_m * camera.fx)
        amounts = np.ones(len(water.drops_m)) if water.amounts is None else water.amounts
        self._stream.draw(np.column_stack([water.drops_m, amounts]), GL.GL_POINTS)
        wet = _wet_tiles(self._amount.read_red(*coarse_wh))

        self._picture.begin(w, h, _NOTHING)
        textures = {"water": self._amount.texture, "photo": self._photo.upload(photo_rgb)}
        light = uniforms["light_direction"]
        beside = _SHADOW * drop_px * light[:2] / max(float(np.linalg.norm(light[:2])), 1e-6)
        uniforms = {
            **uniforms,
            "beside": beside.astype(np.float32),
            "photo_size": np.array([w, h], np.float32),
            "drop_px": float(drop_px),
        }
        for program, tiles in (self._shadow, _beside(wet, beside / _TILE_PX)), (self._water, wet):
            program._bind()
            self._renderer.bind_textures(program, textures)
            program.set_uniforms(uniforms)
            self._stream.draw(_rows(tiles, w, h), GL.GL_TRIANGLES)
        self._water._unbind()
        return self._picture.read_rgba(w, h)

    def delete(self) -> None:
        """Free everything on the GPU."""
        for target in (self._amount, self._picture):
            target.delete()
        self._photo.delete()
        self._stream.delete()
        for program in (self._drops, self._shadow, self._water):
            program._remove_from_context()


def _wet_tiles(amount: Float32) -> NDArray[np.bool_]:
    """(rows, columns) which tiles of the picture water is seen in. amount: of all its coarse pixels."""
    texels = int(_COARSE * _TILE_PX)
    read = np.ones((texels + 2, texels + 2), np.uint8)  # a tile's own and those around: it reads between them
    there = cv2.dilate((amount > _THIN).view(np.uint8), read, anchor=(1, 1))
    return np.asarray(there[::texels, ::texels] > 0)


def _beside(wet: NDArray[np.bool_], tiles: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which tiles see a wet one so many (2,) to their right and below; beyond the rim all is as on it."""
    for axis, off in enumerate(tiles[::-1]):
        last = wet.shape[axis] - 1
        seen = np.arange(last + 1) + int(np.floor(off))
        wet = wet.take(seen.clip(0, last), axis) | wet.take((seen + 1).clip(0, last), axis)
    return wet


def _rows(wet: NDArray[np.bool_], width: int, height: int) -> Float32:
    """(6 N, 4) triangles in clip space of a picture of this size: over each run of wet tiles."""
    framed = np.zeros((wet.shape[0], wet.shape[1] + 2), np.int8)
    framed[:, 1:-1] = wet
    turns = np.diff(framed, axis=1)
    (rows, first), (_, end) = np.nonzero(turns > 0), np.nonzero(turns < 0)
    low, size = np.stack([first, rows], 1), np.stack([end - first, np.ones_like(rows)], 1)
    corners = _TILE_PX * (low[:, None] + size[:, None] * _CORNERS)
    clip = 2 * corners / [width, height] - 1
    return np.concatenate([clip, np.zeros_like(clip)], 2).reshape(-1, 4).astype(np.float32)
