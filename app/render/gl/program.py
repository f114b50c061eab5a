"""Shader programs: pyrender's, with files that include others and arrays as uniforms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import OpenGL
from OpenGL import GL
from pyrender.shader_program import ShaderProgram, ShaderProgramCache

from models.graphics import SHADERS, read_shader

_VECTORS = {2: GL.glUniform2fv, 3: GL.glUniform3fv, 4: GL.glUniform4fv}


class Program(ShaderProgram):
    """One vertex and one fragment shader. Knows where its uniforms are; those it lacks are left out.

    It remembers what they are set to: most stay the same from frame to frame, and asking OpenGL costs more.
    Arrays that it was given must not be changed afterwards.
    """

    def __init__(self, vertex: str, fragment: str) -> None:
        super().__init__(vertex, fragment)
        self._places: dict[str, int] = {}
        self._given: dict[str, Any] = {}
        self._values: dict[str, int | float | bytes] = {}

    def _add_to_context(self) -> None:
        super()._add_to_context()
        for known in (self._places, self._given, self._values):
            known.clear()

    def _load(self, shader_filename: str) -> str:
        return read_shader(SHADERS / shader_filename)

    def set_uniforms(self, values: Mapping[str, Any]) -> None:
        """Set those of these that the program has."""
        for name, value in values.items():
            self.set_uniform(name, value)

    def set_uniform(self, name: str, value: Any, unsigned: bool = False) -> None:
        """value: an int, a float, a vector (2..4,), a matrix (4, 4), or vectors (N, 4), float32."""
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = GL.glGetUniformLocation(self._program_id, name)
        if place < 0 or self._given.get(name) is value:
            return
        self._given[name] = value
        if not isinstance(value, int | float):
            value = np.ascontiguousarray(value, np.float32)
        known = value if isinstance(value, int | float) else value.tobytes()
        if self._values.get(name) == known:
            return
        self._values[name] = known
        if isinstance(value, int):
            GL.glUniform1i(place, value)
        elif isinstance(value, float):
            GL.glUniform1f(place, value)
        elif value.shape == (4, 4):
            GL.glUniformMatrix4fv(place, 1, GL.GL_TRUE, value)
        else:
            vectors = np.atleast_2d(value)
            _VECTORS[vectors.shape[1]](place, len(vectors), vectors)


class Programs(ShaderProgramCache):
    """Compiles each program once for each context."""

    def get_program(
        self,
        vertex_shader: str,
        fragment_shader: str,
        geometry_shader: str | None = None,
        defines: dict[str, int] | None = None,
    ) -> Program:
        """The program of two files of SHADERS."""
        key = (OpenGL.contextdata.getContext(), vertex_shader, fragment_shader)
        if key not in self._program_cache:
            self._program_cache[key] = Program(vertex_shader, fragment_shader)
        return self._program_cache[key]
