"""A file like MANO_RIGHT.pkl, made from the open hand: MANO's keys, orders and Python 2 pickling."""

from __future__ import annotations

import struct

import numpy as np
import scipy.sparse

from models.hand.hand_data import TIPS_IN_21, load_open_hand

# MANO's bones by our numbers: wrist, index, middle, little, ring, thumb.
OURS = np.array([0, 4, 5, 6, 7, 8, 9, 13, 14, 15, 10, 11, 12, 1, 2, 3])


def vertex_order() -> np.ndarray:
    """(778,) the open hand's vertices in an order in which MANO's fingertip numbers are fingertips."""
    order = np.arange(778)
    tips = load_open_hand().regressor_21_mano[TIPS_IN_21].argmax(1)
    for place, tip in zip((744, 320, 443, 554, 671), tips.tolist(), strict=True):
        now = int(np.flatnonzero(order == tip)[0])
        order[[place, now]] = order[[now, place]]
    return order


def mano_arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """The open hand in MANO's order, off the origin, with random pose correctives."""
    hand, rng, order = load_open_hand(), np.random.default_rng(seed), vertex_order()
    number = {int(ours): mano for mano, ours in enumerate(OURS)}
    parents = [number[int(hand.parents[b])] if b else 2**32 - 1 for b in OURS]
    return {
        "v_template": hand.template_m[order] + np.array([0.09, 0.006, 0.007]),
        "shapedirs": np.moveaxis(hand.shape_dirs[:, order], 0, 2).astype(np.float64),
        "posedirs": rng.normal(0, 1e-4, (778, 3, 135)),
        "weights": hand.weights[order][:, OURS].astype(np.float64),
        "J_regressor": hand.joint_regressor[OURS][:, order].astype(np.float64),
        "kintree_table": np.array([parents, range(16)], np.uint32),
        "f": np.argsort(order)[hand.faces].astype(np.uint32),
    }


def _text(value: str) -> bytes:
    return b"U" + bytes([len(value)]) + value.encode()


def _number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def py2_array(array: np.ndarray) -> bytes:
    """The opcodes with which Python 2 and NumPy 1 pickle an array: its bytes are a `str`."""
    data = np.ascontiguousarray(array).tobytes()
    shape = b"(" + b"".join(_number(n) for n in array.shape) + b"t"
    dtype = b"cnumpy\ndtype\n(" + _text(array.dtype.str[1:]) + b"K\x00K\x01tR"
    dtype += b"(K\x03" + _text("<") + b"NNN" + _number(-1) + _number(-1) + b"K\x00tb"
    empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + _text("b") + b"tR"
    return empty + b"(K\x01" + shape + dtype + b"\x89" + b"T" + struct.pack("<i", len(data)) + data + b"tb"


def _instance(module: str, name: str, state: dict[str, bytes]) -> bytes:
    made = f"ccopy_reg\n_reconstructor\n(c{module}\n{name}\nc__builtin__\nobject\nNtR".encode()
    return made + _dict(state) + b"b"


def _dict(items: dict[str, bytes]) -> bytes:
    return b"}" + b"".join(_text(key) + value + b"s" for key, value in items.items())


def _sparse(matrix: np.ndarray) -> bytes:
    csc = scipy.sparse.csc_matrix(matrix)
    shape = b"(" + _number(matrix.shape[0]) + _number(matrix.shape[1]) + b"t"
    parts = {name: py2_array(getattr(csc, name)) for name in ("data", "indices", "indptr")}
    return _instance("scipy.sparse.csc", "csc_matrix", {"_shape": shape, **parts})


def _chumpy_selection(array: np.ndarray) -> bytes:
    """chumpy's own way to hold MANO's shapes: a selection of a larger array's entries."""
    whole = np.concatenate([array.ravel(), np.zeros(5)])
    source = _instance("chumpy.ch", "Ch", {"x": py2_array(whole)})
    shape = b"(" + b"".join(_number(n) for n in array.shape) + b"t"
    return _instance(
        "chumpy.reordering",
        "Select",
        {"a": source, "idxs": py2_array(np.arange(array.size)), "preferred_shape": shape},
    )


def mano_pickle(arrays: dict[str, np.ndarray]) -> bytes:
    """The whole file, as Python 2 wrote it: chumpy and SciPy objects among the arrays."""
    items = {name: py2_array(array) for name, array in arrays.items()}
    items["J_regressor"] = _sparse(arrays["J_regressor"])
    items["shapedirs"] = _chumpy_selection(arrays["shapedirs"])
    items["bs_type"] = _text("lrotmin")
    return b"\x80\x02" + _dict(items) + b"."
