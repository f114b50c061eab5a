"""Off-screen pictures on the GPU: where a stage draws, and the textures that shaders read."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray
from OpenGL import GL

from app.render.environment import Environment


class Target:
    """A framebuffer with one colour texture and depth. It grows as needed and never shrinks."""

    def __init__(self, internal_format: int) -> None:
        self._internal_format = internal_format
        self._size = (0, 0)
        self.framebuffer = 0
        self.texture = 0
        self._depth = 0

    def ensure(self, width: int, height: int) -> None:
        """Make room for at least this many pixels."""
        if width <= self._size[0] and height <= self._size[1]:
            return
        self.delete()
        w, h = (-(-max(new, old) // 64) * 64 for new, old in zip((width, height), self._size, strict=True))
        self.texture = GL.glGenTextures(1)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.texture)
        GL.glTexImage2D(
            GL.GL_TEXTURE_2D, 0, self._internal_format, w, h, 0, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, None
        )
        for name in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, name, GL.GL_NEAREST)
        self._depth = GL.glGenRenderbuffers(1)
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, self._depth)
        GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, GL.GL_DEPTH_COMPONENT24, w, h)
        self.framebuffer = GL.glGenFramebuffers(1)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.framebuffer)
        GL.glFramebufferTexture2D(
            GL.GL_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0, GL.GL_TEXTURE_2D, self.texture, 0
        )
        GL.glFramebufferRenderbuffer(
            GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_RENDERBUFFER, self._depth
        )
        self._size = (w, h)

    def read_rgba(self, width: int, height: int) -> NDArray[np.uint8]:
        """(height, width, 4): the corner that was drawn, first row first."""
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self.framebuffer)
        out = np.empty((height, width, 4), np.uint8)
        GL.glReadPixels(0, 0, width, height, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, out)
        return out

    def delete(self) -> None:
        """Free what was made. Twice is harmless."""
        if self.framebuffer:
            GL.glDeleteFramebuffers(1, [self.framebuffer])
            GL.glDeleteRenderbuffers(1, [self._depth])
            GL.glDeleteTextures([self.texture])
            self.framebuffer = self._depth = self.texture = 0


def upload_environment(environment: Environment) -> int:
    """The name of a texture with one mip level for each roughness; wraps around horizontally."""
    texture = GL.glGenTextures(1)
    GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
    for k, level in enumerate(environment.levels):
        data = np.ascontiguousarray(level, np.float32)
        h, w, _ = data.shape
        pointer = data.ctypes.data_as(ctypes.c_void_p)
        GL.glTexImage2D(GL.GL_TEXTURE_2D, k, GL.GL_RGB16F, w, h, 0, GL.GL_RGB, GL.GL_FLOAT, pointer)
    for name, value in (
        (GL.GL_TEXTURE_MAX_LEVEL, len(environment.levels) - 1),
        (GL.GL_TEXTURE_MIN_FILTER, GL.GL_LINEAR_MIPMAP_LINEAR),
        (GL.GL_TEXTURE_MAG_FILTER, GL.GL_LINEAR),
        (GL.GL_TEXTURE_WRAP_S, GL.GL_REPEAT),
        (GL.GL_TEXTURE_WRAP_T, GL.GL_CLAMP_TO_EDGE),
    ):
        GL.glTexParameteri(GL.GL_TEXTURE_2D, name, value)
    return int(texture)
