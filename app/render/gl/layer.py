"""Draws the passes over a pyrender scene: what casts shadows, what stands in front, then the picture.

pyrender keeps the scene, the meshes on the GPU and the shader programs. The drawing itself is done here: into
what, in which order and with which shaders. Rendered rows count from the top of the picture down, so nothing
is flipped.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyrender
from OpenGL import GL
from pyrender.constants import RenderFlags
from pyrender.renderer import Renderer

from app.render.gl.materials import ORDERS, PropMetal, Stage, Surface
from app.render.gl.program import Program, Programs
from app.render.gl.stream import VertexStream
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
_MOST_APART = 255  # props that the stencil tells apart
_WHOLE = np.array([[-1, -1, 0], [-1, 3, 0], [3, -1, 0]], np.float32)  # a triangle over all of clip space


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


@dataclass(frozen=True)
class Pass:
    """How the surfaces of one stage are drawn."""

    stage: Stage
    clip_from_cam: Float64  # (4, 4) camera frame -> clip space
    size_wh: tuple[int, int]  # rendered pixels
    uniforms: Mapping[str, Any]  # of all programs; each takes those it has
    rays: Float32 | None = None  # (4,) rendered pixel -> ray: x * [0] + [2], y * [1] + [3]; of a picture
    by_depth: bool = False  # nearer surfaces hide those behind, whatever their order
    multisampled: bool = False  # every pixel is shaded once, edges alone are smoothed


class LayerRenderer(Renderer):
    """Draws a scene of `Surface`s in stages. Needs a current context, on the thread that made it."""

    def __init__(self) -> None:
        super().__init__(1, 1)
        self._program_cache = Programs()
        picture = Target(GL.GL_RGBA8)
        self._targets: dict[Stage, Target] = {
            "shadow": Target(GL.GL_RG32F),
            "shade": Target(GL.GL_RGBA8),
            "occluder": Target(GL.GL_RG32F),
            "picture": picture,
            "surface": Target(GL.GL_RGBA32F, depth_of=picture),
        }
        self._stream = VertexStream(3)
        self._multisampled = Target(GL.GL_RGBA8, samples=4)
        self._environments: dict[str, int] = {}  # textures
        self._shown_environments = (0, 0)
        self._deleted = False

    def show_environments(self, environments: tuple[Environment, Environment]) -> None:
        """What metal reflects: an environment map, and the previous one, which is fading."""
        for environment in environments:
            if environment.name not in self._environments:
                self._environments[environment.name] = upload_environment(environment)
        self._shown_environments = (
            self._environments[environments[0].name],
            self._environments[environments[1].name],
        )

    def upload(self, scene: pyrender.Scene) -> None:
        """Bring new meshes to the GPU and drop those that left the scene."""
        self._update_context(scene, RenderFlags.OFFSCREEN)

    def draw(self, scene: pyrender.Scene, this: Pass) -> None:
        """Draw the surfaces of one stage into the corner of its target that the pass takes."""
        target = self._multisampled if this.multisampled else self._targets[this.stage]
        in_map = this.stage == "shadow"
        depth_test = None if in_map else GL.GL_LESS
        target.begin(*this.size_wh, _BACKGROUNDS[this.stage], depth_test, culled=True, greatest=in_map)
        nodes = _nodes_of(scene, this)
        if this.stage == "picture" and not this.multisampled:
            self._draw_nodes([node for node in nodes if surface_of(node).order < PropMetal.order], this)
            nodes = [node for node in nodes if surface_of(node).order >= PropMetal.order]
            metal = [node for node in nodes if isinstance(surface_of(node), PropMetal)]
            for first in range(0, len(metal), _MOST_APART):
                self._draw_metal(metal[first : first + _MOST_APART], this)
            nodes = [node for node in nodes if not isinstance(surface_of(node), PropMetal)]
        self._draw_nodes(nodes, this)
        GL.glFlush()
        if this.multisampled:
            target.resolve_into(self._targets[this.stage], *this.size_wh)

    def _draw_nodes(self, nodes: Sequence[pyrender.Node], this: Pass) -> None:
        begun: Program | None = None
        for node in nodes:
            surface = surface_of(node)
            program = self._program_cache.get_program("surface.vert", surface.fragment_shaders[this.stage])
            if program is not begun:
                begun = program
                self._begin(program, this)
            program.set_uniforms(surface.uniforms)
            program.set_uniform("M", node.matrix)
            _draw_primitive(node.mesh.primitives[0], this.by_depth, surface.order)

    def _draw_metal(self, nodes: Sequence[pyrender.Node], this: Pass) -> None:
        """Props of metal, at most _MOST_APART: first what is seen of which, then its colour.

        A software renderer shades blocks of 4 x 4 pixels for each triangle that touches them: where triangles
        are smaller than that, metal shaded at once costs several times as much.
        """
        self._targets["surface"].go_on(*this.size_wh)
        GL.glEnable(GL.GL_STENCIL_TEST)  # which of them is seen where
        GL.glClear(GL.GL_STENCIL_BUFFER_BIT)
        GL.glStencilOp(GL.GL_KEEP, GL.GL_KEEP, GL.GL_REPLACE)
        GL.glDisable(GL.GL_BLEND)
        for number, node in enumerate(nodes, 1):
            GL.glStencilFunc(GL.GL_ALWAYS, number, 0xFF)
            self._draw_nodes([node], replace(this, stage="surface"))
        self._targets["picture"].go_on(*this.size_wh)
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA)
        GL.glDisable(GL.GL_DEPTH_TEST)
        GL.glStencilOp(GL.GL_KEEP, GL.GL_KEEP, GL.GL_KEEP)
        program = self._program_cache.get_program("screen.vert", "ring/metal_seen.frag")
        self._begin(program, this)
        self.bind_textures(program, {"surfaces": self._targets["surface"].texture})
        program.set_uniform("picture_rays", this.rays)
        for number, node in enumerate(nodes, 1):
            GL.glStencilFunc(GL.GL_EQUAL, number, 0xFF)
            program.set_uniforms(surface_of(node).uniforms)
            program.set_uniform("own_from_cam", np.linalg.inv(node.matrix))
            axis = node.matrix[:3, 2]
            program.set_uniform("own_axis", axis / np.linalg.norm(axis))
            self._stream.draw(_WHOLE, GL.GL_TRIANGLES)
        GL.glDisable(GL.GL_STENCIL_TEST)
        GL.glEnable(GL.GL_DEPTH_TEST)

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
        self._stream.delete()
        for target in (*self._targets.values(), self._multisampled):
            target.delete()
        GL.glDeleteTextures([*self._environments.values()])
        super().delete()

    def _begin(self, program: Program, this: Pass) -> None:
        if not program._in_context():
            program._add_to_context()
        program._bind()
        program.set_uniform("P", this.clip_from_cam)
        program.set_uniforms(this.uniforms)
        if this.stage in ("shade", "picture"):
            self.bind_textures(program)


def _nodes_of(scene: pyrender.Scene, this: Pass) -> list[pyrender.Node]:
    """By order. What is nearer comes first where depth decides, so that what is hidden is not shaded, and
    last where edges are laid over each other."""
    nearer_first = 1 if this.by_depth else -1

    def rank(node: pyrender.Node) -> tuple[int, float, int]:
        surface = surface_of(node)
        return surface.order, nearer_first * surface.distance_m, surface.place

    shown = [node for node in scene.mesh_nodes if node.mesh.is_visible]
    return sorted((n for n in shown if this.stage in surface_of(n).fragment_shaders), key=rank)


def _draw_primitive(primitive: pyrender.Primitive, by_depth: bool, order: int) -> None:
    """by_depth: in the whole range of depths; else in that of its order."""
    if by_depth:
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
