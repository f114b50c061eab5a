"""Connected bodies of triangle meshes, and what is made of a stranger's mesh before it is drawn."""

from __future__ import annotations

import numpy as np

from app.ring_files.piece import Float64, Int64


def welded(vertices: Float64, faces: Int64) -> tuple[Float64, Int64]:
    """Vertices and faces: finite, joined where they meet."""
    faces = faces[((faces >= 0) & (faces < len(vertices))).all(1)]
    finite = np.abs(vertices).max(1) < 1e12  # what is not a number is not below either
    faces = faces[finite[faces].all(1)]
    if len(faces) == 0:
        return vertices, faces
    used, faces = np.unique(faces, return_inverse=True)
    vertices, faces = vertices[used], faces.reshape(-1, 3)
    size = np.ptp(vertices, axis=0).max()
    if not size > 0:
        return vertices, faces[:0]
    rounded = np.round((vertices - vertices.min(0)) / (size * 1e-6)).astype(np.int64)
    one_number = rounded @ [1 << 42, 1 << 21, 1]  # much faster to sort than rows of three
    _, first, same = np.unique(one_number, return_index=True, return_inverse=True)
    return vertices[first], same.ravel()[faces]


def cleaned(vertices: Float64, faces: Int64, most: int) -> tuple[Float64, Int64]:
    """The same mesh, welded, without empty triangles, its outside outside, at most so many triangles."""
    import trimesh

    vertices, faces = welded(vertices, faces)
    if len(faces) == 0:
        return vertices, faces
    faces = _with_area(vertices, faces)
    if len(faces) > most:
        vertices, faces = _fewer(vertices, faces, most)
    solid = trimesh.Trimesh(vertices, faces, process=False, validate=False)
    if not solid.is_winding_consistent:
        trimesh.repair.fix_winding(solid)
    vertices, faces = solid.vertices.view(np.ndarray), solid.faces.view(np.ndarray)
    if solid.is_watertight and solid.is_winding_consistent:
        return vertices, _outward(vertices, faces)
    faces = faces[np.unique(np.sort(faces, axis=1), axis=0, return_index=True)[1]]
    if 2 * len(faces) > most:
        vertices, faces = _fewer(vertices, faces, most // 2)
    return vertices, np.concatenate([faces, faces[:, ::-1]])  # seen from both sides


def body_of(faces: Int64, count: int) -> Int64:
    """(F,) which connected body each face belongs to. count: of the vertices."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = faces[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1][faces[:, 0]], np.int64)


def split(vertices: Float64, faces: Int64, body: Int64) -> list[tuple[Float64, Int64]]:
    """Each body's own vertices and faces."""
    order = np.argsort(body, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(body[order])) + 1)
    made = []
    for part in parts:
        used, own = np.unique(faces[part], return_inverse=True)
        made.append((vertices[used], own.reshape(-1, 3)))
    return made


def _fewer(vertices: Float64, faces: Int64, most: int) -> tuple[Float64, Int64]:
    """Decimated by quadric errors."""
    import fast_simplification

    v, f = fast_simplification.simplify(
        vertices.astype(np.float32), faces.astype(np.int32), target_count=most, agg=5
    )
    return v.astype(np.float64), _with_area(v.astype(np.float64), f.astype(np.int64))


def _with_area(vertices: Float64, faces: Int64) -> Int64:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    size = np.ptp(vertices, axis=0).max()
    return faces[np.linalg.norm(np.cross(b - a, c - a), axis=1) > (1e-7 * size) ** 2]


def _outward(vertices: Float64, faces: Int64) -> Int64:
    """The faces of closed bodies, turned round where a body is inside out."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    body = body_of(faces, len(vertices))
    volume = np.bincount(body, np.einsum("ij,ij->i", a, np.cross(b, c)))
    return np.asarray(np.where(volume[body, None] < 0, faces[:, ::-1], faces), np.int64)
