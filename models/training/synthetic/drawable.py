"""A mesh on the GPU, and the uniforms of its program."""

from __future__ import annotations

import moderngl
import numpy as np

from models.training.synthetic.atlas_mesh import Piece, neighbours_together


class Drawable:
    """One mesh on the GPU, drawn as part of the hand or as what is beside it."""

    def __init__(
        self, gl: moderngl.Context, program: moderngl.Program, piece: Piece, manner: dict[str, object]
    ) -> None:
        piece = neighbours_together(piece)
        n = len(piece.rest)
        shape = piece.shape.reshape(n, 30)
        columns = np.concatenate(
            [piece.rest, piece.normals, piece.weights, piece.bones, piece.part[:, None], piece.uv, shape], 1
        )
        names = ("rest", "normal", "weights", "bones", "about", "shape0", "shape1", "shape2", "shape3")
        present = [f"in_{name}" for name in names]
        layout = "3f 3f 4f 4f 3f 9f 9f 9f 3f"
        defaults = {"flesh": 0.0, "metal": False, "slides": False}
        self._manner = {
            owner: known(program, owner=owner, **{**defaults, **manner}) for owner in (True, False)
        }
        self._vertices = gl.vertex_array(
            program,
            [(gl.buffer(columns.astype("f4").tobytes()), layout, *present)],
            gl.buffer(piece.faces.astype("i4").tobytes()),
        )

    def draw(self, owner: bool) -> None:
        """Draw it into what is bound. owner: whether it is of the hand that the crop is of."""
        for uniform, value in self._manner[owner]:
            uniform.value = value
        self._vertices.render()


def known(program: moderngl.Program, **uniforms: object) -> list[tuple[moderngl.Uniform, object]]:
    """Those that the program has; a compiler drops what it doesn't use."""
    members = {name: program[name] for name in program}
    return [(members[name], value) for name, value in uniforms.items() if name in members]  # type: ignore[misc]


def set_uniforms(program: moderngl.Program, **uniforms: object) -> None:
    """Set what the program uses."""
    for uniform, value in known(program, **uniforms):
        uniform.value = value
