"""What is drawn once and forgotten: a vertex buffer and a photo, new in every frame."""

from __future__ import annotations

import ctypes

import cv2
import numpy as np
from numpy.typing import NDArray
from OpenGL import GL

from models.types import UInt8


class VertexStream:
    """Vertices of float attributes, in the order of their locations."""

    def __init__(self, *sizes: int) -> None:
        """sizes: floats of each attribute."""
        self._array, self._buffer = GL.glGenVertexArrays(1), GL.glGenBuffers(1)
        GL.glBindVertexArray(self._array)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._buffer)
        first = 0
        for place, size in enumerate(sizes):
            pointer = ctypes.c_void_p(4 * first)
            GL.glVertexAttribPointer(place, size, GL.GL_FLOAT, GL.GL_FALSE, 4 * sum(sizes), pointer)
            GL.glEnableVertexAttribArray(place)
            first += size
        GL.glBindVertexArray(0)

    def draw(self, vertices: NDArray[np.floating], mode: int) -> None:
        """Draw (N, floats of all attributes) with the bound program."""
        data = np.ascontiguousarray(vertices, np.float32)
        GL.glBindVertexArray(self._array)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._buffer)
        GL.glBufferData(GL.GL_ARRAY_BUFFER, data.nbytes, data, GL.GL_STREAM_DRAW)
        GL.glDrawArrays(mode, 0, len(data))
        GL.glBindVertexArray(0)

    def delete(self) -> None:
        """Free it on the GPU."""
        GL.glDeleteBuffers(1, [self._buffer])
        GL.glDeleteVertexArrays(1, [self._array])


class PhotoTexture:
    """A picture that shaders read, between its pixels."""

    def __init__(self) -> None:
        self.texture = int(GL.glGenTextures(1))

    def upload(self, photo_rgb: UInt8) -> int:
        """Take this picture (h, w, 3); returns the texture's name."""
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.texture)
        h, w = photo_rgb.shape[:2]
        photo = cv2.cvtColor(photo_rgb, cv2.COLOR_RGB2RGBA)  # OpenGL takes these as they are, and quicker
        GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, GL.GL_RGBA8, w, h, 0, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, photo)
        for name, value in (
            (GL.GL_TEXTURE_MIN_FILTER, GL.GL_LINEAR),
            (GL.GL_TEXTURE_MAG_FILTER, GL.GL_LINEAR),
            (GL.GL_TEXTURE_WRAP_S, GL.GL_CLAMP_TO_EDGE),
            (GL.GL_TEXTURE_WRAP_T, GL.GL_CLAMP_TO_EDGE),
        ):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, name, value)
        return self.texture

    def delete(self) -> None:
        """Free it on the GPU."""
        GL.glDeleteTextures([self.texture])
