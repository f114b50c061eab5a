"""Reads the arrays of a pickle without running it.

A pickle is a program: it may name any function and call it. Here every name it may use stands for an inert
recorder of our own, so nothing of NumPy, SciPy or chumpy is called by the file; arrays are built afterwards
from what was recorded. Any other name is refused.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

MAX_SPARSE = 64 << 20  # entries of a sparse matrix written out in full
FAILURES = (
    pickle.UnpicklingError, EOFError, AttributeError, TypeError, ValueError, IndexError, KeyError,
    OverflowError, MemoryError, RecursionError,
)  # fmt: skip


class _Recorder:
    """Keeps what a pickle would have built an object from."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Array(_Recorder):
    """An ndarray: state (version, shape, dtype, fortran order, data), its axes perhaps reordered."""

    axes: Any = None


class _Dtype(_Recorder):
    """A dtype: arguments (code, …), state (version, byte order, …)."""


class _Sparse(_Recorder):
    """A compressed sparse matrix: state with data, indices, indptr and a shape."""


class _Csr(_Sparse):
    """The same by rows."""


class _Chumpy(_Recorder):
    """One of chumpy's arrays: state with the values `x`, or a selection `idxs` from another, `a`."""


class _Name:
    """A class that is only ever named, never called."""


def _new_array(*_: Any) -> _Array:
    return _Array()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any = "C", axes: Any = None) -> _Array:
    out = _Array()
    out.state, out.axes = (1, shape, dtype, order == "F", data), axes
    return out


def _new_object(kind: Any, *_: Any) -> _Recorder:
    if not (isinstance(kind, type) and issubclass(kind, _Recorder)):
        raise pickle.UnpicklingError("it builds an object of no known kind")
    return kind()


def _to_bytes(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("it holds text where bytes were expected")
    return text.encode("latin1")


def _ignored(*_: Any) -> None:
    return None


def _admitted() -> dict[tuple[str, str], Any]:
    names: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): _Name,
        ("numpy", "dtype"): _Dtype,
        ("_codecs", "encode"): _to_bytes,
    }
    for core in ("numpy.core", "numpy._core"):
        names[f"{core}.multiarray", "_reconstruct"] = _new_array
        names[f"{core}.multiarray", "scalar"] = _ignored
        names[f"{core}.numeric", "_frombuffer"] = _from_buffer
    for module in ("scipy.sparse", "scipy.sparse.csc", "scipy.sparse._csc"):
        names[module, "csc_matrix"] = names[module, "csc_array"] = _Sparse
    for module in ("scipy.sparse", "scipy.sparse.csr", "scipy.sparse._csr"):
        names[module, "csr_matrix"] = names[module, "csr_array"] = _Csr
    for module in ("copy_reg", "copyreg"):
        names[module, "_reconstructor"] = _new_object
    for module in ("__builtin__", "builtins"):
        names[module, "object"] = _Name
        names[module, "set"] = _ignored
    return names


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "chumpy":
            return _Chumpy
        found = _admitted().get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no hand data needs")
        return found


def as_array(value: Any) -> np.ndarray:
    """The NumPy array of numbers that a recorded value stands for.

    Raises one of FAILURES when it is something else.
    """
    if isinstance(value, _Chumpy):
        state = value.state
        if "x" in state:
            return as_array(state["x"])
        picked = as_array(state["a"]).ravel()[as_array(state["idxs"]).ravel()]
        return picked.reshape(tuple(state["preferred_shape"])) if "preferred_shape" in state else picked
    if isinstance(value, _Sparse):
        return _dense(value)
    if not isinstance(value, _Array):
        raise ValueError(f"expected an array, got {type(value).__name__.strip('_')}")
    _, shape, dtype, fortran, data = value.state
    code, order = dtype.arguments[0], dtype.state[1] if dtype.state else "="
    kind = np.dtype(code.decode() if isinstance(code, bytes) else code)
    if kind.kind not in "fiub":
        raise ValueError(f"expected an array of numbers, got {kind}")
    kind = kind.newbyteorder(">" if order == ">" else "<")
    raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
    array = np.frombuffer(raw, kind).reshape(tuple(shape), order="F" if fortran else "C")
    return array if value.axes is None else array.transpose(value.axes)


def _dense(value: _Sparse) -> np.ndarray:
    """(rows, columns) dense copy of a compressed sparse matrix, its indices checked."""
    state = value.state
    shape = tuple(int(n) for n in state["_shape" if "_shape" in state else "shape"])
    data, indices, starts = (as_array(state[name]) for name in ("data", "indices", "indptr"))
    if len(shape) != 2 or np.prod(shape) > MAX_SPARSE:
        raise ValueError(f"a sparse matrix of shape {shape}")
    major, minor = shape if isinstance(value, _Csr) else shape[::-1]
    counts = np.diff(starts)
    if len(starts) != major + 1 or counts.min() < 0 or counts.sum() != len(data) != len(indices):
        raise ValueError("a sparse matrix whose parts do not fit together")
    dense = np.zeros((major, minor))
    np.add.at(dense, (np.repeat(np.arange(major), counts), indices), data)
    return dense if isinstance(value, _Csr) else dense.T


def load_inert(path: Path, max_bytes: int) -> Any:
    """What a pickle file holds: containers, numbers and text as they are, arrays for `as_array`.

    Raises one of FAILURES when it is damaged or asks for anything but arrays; ValueError when it is larger
    than max_bytes; OSError when it cannot be read. Nothing in it is ever executed.
    """
    size = path.stat().st_size
    if size > max_bytes:
        raise ValueError(f"{size >> 20} MB is too large, at most {max_bytes >> 20} MB were expected")
    # Python 2 wrote many of these files: its strings are bytes, and latin1 keeps them as they were.
    return _Unpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
