"""Off-screen pictures on the GPU: where a stage draws, and the textures that shaders read."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
from OpenGL import GL

from app.render.light.environment import Environment
from models.types import Float32, UInt8


class Target:
    """A framebuffer with one colour texture, depth and stencil. It grows as needed and never shrinks.

    With several samples edges are covered in steps while each pixel is shaded once; there is no texture then.
    smooth: shaders read between its pixels. depth_of: that target's depth and stencil are its own.
    """

    def __init__(
        self, internal_format: int, samples: int = 1, smooth: bool = False, depth_of: Target | None = None
    ) -> None:
        self._internal_format = internal_format
        self._samples = samples
        self._filter = GL.GL_LINEAR if smooth else GL.GL_NEAREST
        self._depth_of = depth_of
        self._size = (0, 0)
        self.framebuffer = 0
        self.texture = 0
        self._buffers: list[int] = []

    def ensure(self, width: int, height: int) -> None:
        """Make room for at least this many pixels."""
        if self._depth_of is not None:
            self._depth_of.ensure(width, height)
            w, h = self._depth_of._size
        elif width <= self._size[0] and height <= self._size[1]:
            return
        else:
            w, h = (
                -(-max(new, old) // 64) * 64 for new, old in zip((width, height), self._size, strict=True)
            )
        if (w, h) == self._size:
            return
        self.delete()
        self._size = (w, h)
        self.framebuffer = GL.glGenFramebuffers(1)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.framebuffer)
        if self._depth_of is None:
            self._attach_buffer(GL.GL_DEPTH_STENCIL_ATTACHMENT, GL.GL_DEPTH24_STENCIL8)
        else:
            depth = self._depth_of._buffers[0]
            GL.glFramebufferRenderbuffer(
                GL.GL_FRAMEBUFFER, GL.GL_DEPTH_STENCIL_ATTACHMENT, GL.GL_RENDERBUFFER, depth
            )
        if self._samples > 1:
            self._attach_buffer(GL.GL_COLOR_ATTACHMENT0, self._internal_format)
            return
        self.texture = GL.glGenTextures(1)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.texture)
        GL.glTexImage2D(
            GL.GL_TEXTURE_2D, 0, self._internal_format, w, h, 0, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, None
        )
        for name in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, name, self._filter)
        for name in (GL.GL_TEXTURE_WRAP_S, GL.GL_TEXTURE_WRAP_T):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, name, GL.GL_CLAMP_TO_EDGE)
        GL.glFramebufferTexture2D(
            GL.GL_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0, GL.GL_TEXTURE_2D, self.texture, 0
        )

    def begin(
        self,
        width: int,
        height: int,
        background: Sequence[float],
        depth_test: int | None = None,
        culled: bool = False,
        greatest: bool = False,
    ) -> None:
        """Draw into the first width x height pixels from now on, which are all background.

        Colours are premultiplied and laid over what is there; greatest: the greatest value stays instead.
        depth_test: which depths are drawn, such as GL_LESS; None: all. culled: no faces that look away.
        """
        self.ensure(width, height)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.framebuffer)
        GL.glViewport(0, 0, width, height)
        GL.glDisable(GL.GL_SCISSOR_TEST)
        GL.glDepthMask(GL.GL_TRUE)
        GL.glDepthRange(0, 1)
        GL.glClearColor(*background)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT | GL.GL_DEPTH_BUFFER_BIT)
        (GL.glDisable if depth_test is None else GL.glEnable)(GL.GL_DEPTH_TEST)
        GL.glDepthFunc(GL.GL_LESS if depth_test is None else depth_test)
        (GL.glEnable if culled else GL.glDisable)(GL.GL_CULL_FACE)
        GL.glFrontFace(GL.GL_CW)  # rows run downwards, which turns every face around
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendEquation(GL.GL_MAX if greatest else GL.GL_FUNC_ADD)
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA)

    def go_on(self, width: int, height: int) -> None:
        """Draw into the first width x height pixels as before, until now into another target."""
        self.ensure(width, height)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.framebuffer)

    def resolve_into(self, other: Target, width: int, height: int) -> None:
        """Copy the corner that was drawn to a target of one sample."""
        other.ensure(width, height)
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self.framebuffer)
        GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, other.framebuffer)
        GL.glBlitFramebuffer(0, 0, width, height, 0, 0, width, height, GL.GL_COLOR_BUFFER_BIT, GL.GL_NEAREST)

    def read_rgba(self, width: int, height: int) -> UInt8:
        """(height, width, 4): the corner that was drawn, first row first."""
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self.framebuffer)
        out = np.empty((height, width, 4), np.uint8)
        GL.glReadPixels(0, 0, width, height, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, out)
        return out

    def read_red(self, width: int, height: int) -> Float32:
        """(height, width): the first float of each pixel of the corner that was drawn."""
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self.framebuffer)
        out = np.empty((height, width), np.float32)
        GL.glReadPixels(0, 0, width, height, GL.GL_RED, GL.GL_FLOAT, out)
        return out

    def read_rg(self, width: int, height: int, x: int = 0, y: int = 0) -> Float32:
        """(height, width, 2): two floats a pixel, from (x, y) on."""
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self.framebuffer)
        out = np.empty((height, width, 2), np.float32)
        GL.glReadPixels(x, y, width, height, GL.GL_RG, GL.GL_FLOAT, out)
        return out

    def write_rg(self, part: Float32, x: int, y: int) -> None:
        """Overwrite two floats a pixel, (h, w, 2), from (x, y) on."""
        data = np.ascontiguousarray(part, np.float32)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.texture)
        GL.glTexSubImage2D(
            GL.GL_TEXTURE_2D, 0, x, y, data.shape[1], data.shape[0], GL.GL_RG, GL.GL_FLOAT, data
        )

    def delete(self) -> None:
        """Free what was made. Twice is harmless."""
        if self.framebuffer:
            GL.glDeleteFramebuffers(1, [self.framebuffer])
            GL.glDeleteRenderbuffers(len(self._buffers), self._buffers)
            if self.texture:
                GL.glDeleteTextures([self.texture])
            self.framebuffer = self.texture = 0
            self._buffers = []

    def _attach_buffer(self, attachment: int, internal_format: int) -> None:
        buffer = GL.glGenRenderbuffers(1)
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, buffer)
        if self._samples > 1:
            GL.glRenderbufferStorageMultisample(
                GL.GL_RENDERBUFFER, self._samples, internal_format, *self._size
            )
        else:
            GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, internal_format, *self._size)
        GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, attachment, GL.GL_RENDERBUFFER, buffer)
        self._buffers.append(buffer)


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
