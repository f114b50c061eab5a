"""HDR and wide colours as a phone shows them: the table that takes them to sRGB.

Reference white (203 cd/m², ITU-R BT.2408) becomes nearly white, what is darker stays as it is, and what is
brighter is rolled off as ITU-R BT.2390-8 does, section 5.4.1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.types import Float64

PQ, HLG = 16, 18  # FFmpeg's numbers of the two transfer functions (ITU-T H.273) ..
BT2020, P3 = 9, 12  # .. and of two sets of primaries that are wider than sRGB's
_SIZE = 33  # steps of the table on each axis
_WHITE = 203.0  # cd/m² of a white sheet
_PEAK = 1000.0  # cd/m² of the brightest highlight: what phones master for
_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128  # of PQ, ST 2084
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073  # of HLG, BT.2100
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])
_709_FROM_2020 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)


_709_FROM_P3 = np.array([[1.2249, -0.2249, 0.0], [-0.0421, 1.0421, 0.0], [-0.0196, -0.0786, 1.0983]])


def write_table(path: Path, transfer: int, primaries: int = BT2020) -> None:
    """A .cube file for FFmpeg's lut3d: PQ or HLG in BT.2020 to sRGB; else what isn't HDR, of BT2020 or P3."""
    step = np.linspace(0, 1, _SIZE)
    blue, green, red = np.meshgrid(step, step, step, indexing="ij")  # red changes fastest
    code = np.stack([red, green, blue], -1).reshape(-1, 3)
    rgb = shown(code, transfer) if transfer in (PQ, HLG) else narrowed(code, primaries)
    np.savetxt(path, rgb, "%.6f", header=f"LUT_3D_SIZE {_SIZE}", comments="")


def shown(code: Float64, transfer: int) -> Float64:
    """(N, 3) sRGB, 0 to 1, of HDR colours (N, 3), 0 to 1 as they are coded, in BT.2020's primaries."""
    light = _from_pq(code) if transfer == PQ else _from_hlg(code)  # cd/m²
    brightest = np.maximum(light.max(-1, keepdims=True), 1e-6)
    linear = light * _rolled_off(brightest) / brightest / _WHITE
    linear = np.clip(linear @ _709_FROM_2020.T, 0, 1)
    return _coded(linear)


def narrowed(code: Float64, primaries: int) -> Float64:
    """(N, 3) sRGB, 0 to 1, of colours (N, 3) of wider primaries, coded as sRGB is, clipped."""
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return _coded(np.clip(linear @ (_709_FROM_P3 if primaries == P3 else _709_FROM_2020).T, 0, 1))


def _coded(linear: Float64) -> Float64:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _from_pq(code: Float64) -> Float64:
    """cd/m²."""
    root = np.clip(code, 0, 1) ** (1 / _M2)
    return np.asarray(1e4 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1))


def _to_pq(light: Float64) -> Float64:
    root = (np.clip(light, 0, 1e4) / 1e4) ** _M1
    return np.asarray(((_C1 + _C2 * root) / (1 + _C3 * root)) ** _M2)


def _from_hlg(code: Float64) -> Float64:
    """cd/m² on a screen of _PEAK: the scene's light, and the system's gamma of 1.2."""
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - _C) / _A) + _B) / 12)
    luma = np.maximum(scene @ _LUMA_2020, 0)[..., None]
    return np.asarray(_PEAK * scene * luma**0.2)


def _rolled_off(light: Float64) -> Float64:
    """cd/m², at most _WHITE: BT.2390's knee and spline, on PQ's scale from black to _PEAK."""
    peak, most = _to_pq(np.array(_PEAK)), _to_pq(np.array(_WHITE))
    most = most / peak
    value = np.minimum(_to_pq(light) / peak, 1)
    knee = 1.5 * most - 0.5
    t = np.clip((value - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee)
    spline = spline + (3 * t**2 - 2 * t**3) * most
    return _from_pq(peak * np.where(value < knee, value, spline))
