"""Draws a pyrender scene in our stages: first what stands in front and what casts shadows, then the picture.

pyrender keeps the scene, the meshes on the GPU and the shader programs. The drawing itself is done here: into
what, in which order and with which shaders. Rendered rows count from the top of the picture down, so nothing
is flipped.
"""

from __future__ import annotations

import ctypes
from typing import Any, Literal

import numpy as np
import pyrender
from OpenGL import GL
from pyrender.constants import RenderFlags
from pyrender.renderer import Renderer

from app.render.gl.materials import ORDERS, Stage, Surface
from app.render.gl.program import Program, Programs
from app.render.gl.target import Target, upload_environment
from app.render.light.environment import Environment
from app.render.occlusion_boundary import OcclusionBoundaries, matte_boundary, matted_part
from app.render.viewport import NEAR_M, NOTHING_M, Viewport
from models.types import Float32, Float64, UInt8

FAR_M = 10.0
_BACKGROUNDS: dict[Stage, list[float]] = {
    "shadow": [-NOTHING_M, -NOTHING_M, 0, 0],
    "shade": [0, 0, 0, 0],
    "occluder": [NOTHING_M, -1, 0, 0],
    "picture": [0, 0, 0, 0],
}


def projection(intrinsics: tuple[float, float, float, float], width: int, height: int) -> Float64:
    """(4, 4) camera frame -> clip space of so many rendered pixels, first picture row at the bottom."""
    fx, fy, cx, cy = intrinsics
    n, f = NEAR_M, FAR_M
    return np.array(
        [
            [2 * fx / width, 0, 2 * cx / width - 1, 0],
            [0, 2 * fy / height, 2 * cy / height - 1, 0],
            [0, 0, (f + n) / (f - n), -2 * f * n / (f - n)],
            [0, 0, 1, 0],
        ]
    )


class ViewportCamera(pyrender.Camera):
    """A pinhole at the origin of the camera frame (x right, y down, z forward) that sees one viewport."""

    def __init__(self) -> None:
        super().__init__(znear=NEAR_M, zfar=FAR_M)
        self.intrinsics = (1.0, 1.0, 0.0, 0.0)
        self.clip_from_cam: Float64 | None = None  # where not this viewport, but that is seen

    def get_projection_matrix(self, width: int, height: int) -> Float64:
        """(4, 4) camera frame -> clip space, first picture row at the bottom."""
        if self.clip_from_cam is not None:
            return self.clip_from_cam
        return projection(self.intrinsics, width, height)


class LayerRenderer(Renderer):
    """Draws a scene of `Surface`s in stages. Needs a current context, on the thread that made it."""

    def __init__(self) -> None:
        super().__init__(1, 1)
        self._program_cache = Programs()
        self._targets: dict[Stage, Target] = {
            "shadow": Target(GL.GL_RG32F),
            "shade": Target(GL.GL_RGBA8),
            "occluder": Target(GL.GL_RG32F),
            "picture": Target(GL.GL_RGBA8),
        }
        self._multisampled = Target(GL.GL_RGBA8, samples=4)
        self._environments: dict[str, int] = {}  # textures
        self._shown_environments = (0, 0)
        self.by_depth = False  # nearer surfaces hide those behind, whatever their order
        self._deleted = False
        self.uniforms: dict[str, Any] = {}

    def show_environments(self, environments: tuple[Environment, Environment]) -> None:
        """What metal reflects: an environment map, and the previous one, which is fading."""
        for environment in environments:
            if environment.name not in self._environments:
                self._environments[environment.name] = upload_environment(environment)
        self._shown_environments = (
            self._environments[environments[0].name],
            self._environments[environments[1].name],
        )
        self.uniforms["max_level"] = float(len(environments[0].levels) - 1)

    def upload(self, scene: pyrender.Scene) -> None:
        """Bring new meshes to the GPU and drop those that left the scene."""
        self._update_context(scene, RenderFlags.OFFSCREEN)

    def draw(
        self, scene: pyrender.Scene, stage: Stage, width: int, height: int, multisampled: bool = False
    ) -> None:
        """Draw the surfaces of one stage into the first width x height pixels of its target.

        multisampled: shade every pixel once and smooth its edges alone.
        """
        target = self._multisampled if multisampled else self._targets[stage]
        target.begin(width, height, _BACKGROUNDS[stage])
        GL.glFrontFace(GL.GL_CW)  # rows run downwards, which turns every face around
        GL.glEnable(GL.GL_CULL_FACE)
        in_map = stage == "shadow"
        (GL.glDisable if in_map else GL.glEnable)(GL.GL_DEPTH_TEST)
        GL.glDepthFunc(GL.GL_LESS)
        GL.glBlendEquation(GL.GL_MAX if in_map else GL.GL_FUNC_ADD)
        clip_from_cam = scene.main_camera_node.camera.get_projection_matrix(width, height)
        begun: Program | None = None
        for node in self._nodes_of(scene, stage):
            surface = surface_of(node)
            program = self._program_cache.get_program("surface.vert", surface.fragment_shaders[stage])
            if program is not begun:
                begun = program
                self._begin(program, stage, clip_from_cam)
            program.set_uniforms(surface.uniforms)
            program.set_uniform("M", node.matrix)
            self._draw_primitive(node.mesh.primitives[0], surface.order)
        GL.glFlush()
        if multisampled:
            target.resolve_into(self._targets[stage], width, height)

    def bind_textures(self, program: Program, more: dict[str, int] | None = None) -> None:
        """Let a program read what earlier stages have drawn, the environments, and more textures by name."""
        textures = {
            "occluder": self._targets["occluder"].texture,
            "shadow_map": self._targets["shadow"].texture,
            "environment": self._shown_environments[0],
            "previous_environment": self._shown_environments[1],
        } | (more or {})
        for unit, (name, texture) in enumerate(textures.items()):
            GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
            GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
            program.set_uniform(name, unit)

    def read(self, stage: Literal["shade", "picture"], width: int, height: int) -> UInt8:
        """(height, width, 4) premultiplied RGBA of what was drawn last."""
        return self._targets[stage].read_rgba(width, height)

    def matte_occluder(self, viewport: Viewport, samples: int, boundaries: OcclusionBoundaries) -> None:
        """End what is in front of rings and other items where the photo shows it."""
        target = self._targets["occluder"]
        for one in boundaries.boundaries:
            part = matted_part(one, viewport)
            x, y = samples * (part.x - viewport.x), samples * (part.y - viewport.y)
            occluder = target.read_rg(samples * part.width, samples * part.height, x, y)
            where = matte_boundary(occluder, part, one, boundaries.frame_rgb)
            if where is not None:
                target.write_rg(occluder[where], x + where[1].start, y + where[0].start)

    def delete(self) -> None:
        """Free everything on the GPU. pyrender calls it again when the object is collected."""
        if self._deleted:
            return
        self._deleted = True
        for target in (*self._targets.values(), self._multisampled):
            target.delete()
        GL.glDeleteTextures([*self._environments.values()])
        super().delete()

    def _nodes_of(self, scene: pyrender.Scene, stage: Stage) -> list[pyrender.Node]:
        """By order. What is nearer comes first where depth decides, so that what is hidden is not shaded, and
        last where edges are laid over each other."""
        nodes = [n for n in scene.mesh_nodes if n.mesh.is_visible and stage in surface_of(n).fragment_shaders]
        nearer_first = 1 if self.by_depth else -1
        return sorted(nodes, key=lambda n: (surface_of(n).order, nearer_first * surface_of(n).distance_m))

    def _begin(self, program: Program, stage: Stage, clip_from_cam: Float64) -> None:
        if not program._in_context():
            program._add_to_context()
        program._bind()
        program.set_uniform("P", clip_from_cam)
        program.set_uniforms(self.uniforms)
        if stage in ("shade", "picture"):
            self.bind_textures(program)

    def _draw_primitive(self, primitive: pyrender.Primitive, order: int) -> None:
        if self.by_depth:
            GL.glDepthRange(0, 1)
        else:
            GL.glDepthRange((ORDERS - 1 - order) / ORDERS, (ORDERS - order) / ORDERS)
        # premultiplied; the hand, drawn first, replaces instead
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ZERO if order == 0 else GL.GL_ONE_MINUS_SRC_ALPHA)
        primitive._bind()
        if primitive.indices is None:
            GL.glDrawArrays(primitive.mode, 0, len(primitive.positions))
        else:
            copies = 1 if primitive.poses is None else len(primitive.poses)
            GL.glDrawElementsInstanced(
                primitive.mode, primitive.indices.size, GL.GL_UNSIGNED_INT, ctypes.c_void_p(0), copies
            )
        primitive._unbind()


def surface_of(node: pyrender.Node) -> Surface:
    """The material of a node with one primitive."""
    return node.mesh.primitives[0].material


def replace_vertices(primitive: pyrender.Primitive, buffer: Float32) -> None:
    """Overwrite a primitive's vertices on the GPU, in place. buffer: (V, 8) position, normal, two more."""
    GL.glBindBuffer(GL.GL_ARRAY_BUFFER, primitive._buffers[0])
    GL.glBufferSubData(GL.GL_ARRAY_BUFFER, 0, buffer.nbytes, buffer)
    GL.glBindBuffer(GL.GL_ARRAY_BUFFER, 0)
