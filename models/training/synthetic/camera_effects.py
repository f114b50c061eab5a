"""What a webcam does to a picture, in torch: on the CPU or wherever the pictures are.

For drawn crops, which no camera took; photographs are varied by `models.training.real.photo`.

In the order of a camera: the lens blurs, motion blurs, the light is too weak or too strong, the sensor
adds noise and the wrong white, its software sharpens and shapes the contrast, and JPEG throws away detail.
Every draw comes from a generator on the CPU, so that a seed means the same on every device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

_Sender = Callable[[np.ndarray], Tensor]
_LUMA = (0.299, 0.587, 0.114)
_MIDDLE_GREY = 0.23  # linear


@dataclass(frozen=True)
class Strength:
    """How often and how much; the whole of a webcam's faults at 1."""

    blur: float = 1.0
    motion_blur: float = 1.0
    light: float = 1.0
    noise: float = 1.0
    compression: float = 1.0
    frame_edge: float = 1.0


WEBCAM = Strength()


def webcam_effects(
    images: Tensor, seed: list[int], resolution_ratio: np.ndarray | None = None, strength: Strength = WEBCAM
) -> Tensor:
    """(B, 3, S, S) RGB 0..1, as a webcam would have given them.

    seed: of the draws. resolution_ratio: (B,) pixels of the webcam's frame for one of the crop; under 1 the
    crop was enlarged, and is as soft as that makes it.
    """
    rng = np.random.default_rng(seed)
    n, size = len(images), images.shape[-1]
    device = images.device

    def to_device(values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.asarray(values, np.float32)).to(device)

    light = images.clamp(0, 1).square()  # near enough to linear light
    sigma = np.abs(rng.normal(0, 0.45, n)) * strength.blur * size / 128
    if resolution_ratio is not None:
        sigma = np.hypot(sigma, 0.5 * strength.blur / np.clip(resolution_ratio, 0.2, 4))
    length = np.where(rng.random(n) < 0.2 * strength.motion_blur, rng.exponential(0.03, n) * size, 0.0)
    light = _blurred(light, to_device(np.clip(sigma, 0.05, None)))
    angle, moved = rng.uniform(0, np.pi, n), np.flatnonzero(length > 0.5)
    if len(moved):
        light[moved] = _motion_blurred(light[moved], length[moved], angle[moved])

    gain = np.exp(rng.normal(0, 0.22, (n, 1)) * strength.light)
    dark = rng.random((n, 1)) < 0.07 * strength.light
    gain = np.where(dark, gain * rng.uniform(0.2, 0.5, (n, 1)), gain)
    white = np.exp(rng.normal(0, 0.07 * strength.light, (n, 3)))
    # A camera exposes for the mean of what it sees, half way.
    mean = light.mean((1, 2, 3)).clamp_min(0.01)[:, None]
    metered = (_MIDDLE_GREY / mean).sqrt().clamp(0.6, 1.5) ** strength.light
    light = light * (to_device(gain * white) * metered)[:, :, None, None]
    level = np.where(dark[:, 0], 0.035, 0.012) * rng.random(n) ** 1.5 * strength.noise
    light = (light + _sensor_noise(light, to_device(level), int(rng.integers(2**31)))).clamp(0, 1)
    picture = light.clamp_min(1e-6).pow(
        to_device(0.5 * np.exp(rng.normal(0, 0.16 * strength.light, n)))[:, None, None, None]
    )
    picture = _image_processing(picture, rng, strength, to_device)
    amount = np.where(rng.random(n) < 0.5, rng.random(n) ** 2, 0) * strength.compression
    squeezed = np.flatnonzero(amount > 0.02)
    if len(squeezed):
        picture[squeezed] = _compressed(picture[squeezed], to_device(amount[squeezed]))
    return _frame_edge(picture, rng, strength.frame_edge, to_device).clamp(0, 1)


def _blurred(light: Tensor, sigma: Tensor) -> Tensor:
    """Each picture by its own Gaussian of sigma px, first across, then down."""
    n, _, size, _ = light.shape
    radius = max(2, size // 64)
    axis = torch.arange(-radius, radius + 1, device=light.device, dtype=light.dtype)
    kernel = torch.exp(-axis.square() / (2 * sigma.square()[:, None]))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0)[:, None]
    lines = light.reshape(1, 3 * n, size, size)
    for shape, pad in (((1, -1), (radius, radius, 0, 0)), ((-1, 1), (0, 0, radius, radius))):
        lines = F.conv2d(F.pad(lines, pad, mode="replicate"), kernel.reshape(3 * n, 1, *shape), groups=3 * n)
    return lines.reshape(n, 3, size, size)


def _motion_blurred(light: Tensor, length: np.ndarray, angle: np.ndarray) -> Tensor:
    """Each picture moved along a line of length px while the shutter is open: the mean of several moments."""
    n, size = len(light), light.shape[-1]
    moments = 7
    step = torch.from_numpy(np.stack([np.cos(angle), np.sin(angle)], 1) * length[:, None] * 2 / size)
    step = step.to(light)[:, None, None, :]
    still = torch.eye(2, 3, device=light.device).expand(n, 2, 3)
    grid = F.affine_grid(still, [n, 3, size, size], align_corners=False)
    total = torch.zeros_like(light)
    for moment in np.linspace(-0.5, 0.5, moments):
        total += F.grid_sample(light, grid + moment * step, padding_mode="border", align_corners=False)
    return total / moments


def _sensor_noise(light: Tensor, level: Tensor, seed: int) -> Tensor:
    """Shot and read noise, grey and fine, coloured and coarser."""
    generator = torch.Generator(light.device).manual_seed(seed)
    n, _, size, _ = light.shape
    grey = torch.randn((n, 1, size, size), generator=generator, device=light.device)
    half = -(-size // 2)
    colour = torch.randn((n, 3, half, half), generator=generator, device=light.device)
    colour = colour.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :size, :size]
    return (grey + 0.6 * colour) * level[:, None, None, None] * (0.15 + light.clamp(0, 1).sqrt())


def _image_processing(
    picture: Tensor, rng: np.random.Generator, strength: Strength, to_device: _Sender
) -> Tensor:
    """Sharpening, contrast, colour and vignette, as cameras' software likes them."""
    n, _, size, _ = picture.shape
    sharp = np.where(rng.random(n) < 0.4, rng.exponential(0.5, n), 0) * strength.light
    some_sharp = np.flatnonzero(sharp)
    if len(some_sharp):
        crisp = picture[some_sharp]
        soft = _blurred(crisp, to_device(np.full(len(some_sharp), 0.9)))
        picture[some_sharp] = crisp + to_device(sharp[some_sharp])[:, None, None, None] * (crisp - soft)
    contrast = to_device(np.exp(rng.normal(0.1, 0.14, n) * strength.light))[:, None, None, None]
    colour = to_device(np.clip(1 + rng.normal(0, 0.15 * strength.light, n), 0.0, 1.8))[:, None, None, None]
    grey = (picture * to_device(np.array(_LUMA))[None, :, None, None]).sum(1, keepdim=True)
    mean = grey.mean((2, 3), keepdim=True)
    picture = mean + contrast * (grey + colour * (picture - grey) - mean)
    haze = np.where(rng.random(n) < 0.15, rng.uniform(0, 0.15, n), 0) * strength.light
    picture = picture * (1 - to_device(haze)[:, None, None, None]) + to_device(haze)[:, None, None, None]
    axis = torch.linspace(-1, 1, size, device=picture.device)
    far = axis.square()[:, None] + axis.square()[None]
    fall = to_device(np.where(rng.random(n) < 0.25, rng.uniform(-0.15, 0.3, n), 0) * strength.light)
    return picture * (1 - fall[:, None, None, None] * far[None, None] / 2)


def _compressed(picture: Tensor, amount: Tensor) -> Tensor:
    """The look of JPEG: 8 x 8 blocks lose their small coefficients, and colour twice as much."""
    n, _, size, _ = picture.shape
    wide = -(-size // 8) * 8
    padded = F.pad(picture, (0, wide - size, 0, wide - size), mode="replicate")
    r, g, b = padded.unbind(1)
    y = _LUMA[0] * r + _LUMA[1] * g + _LUMA[2] * b
    planes = torch.stack([y, (b - y) * 0.564, (r - y) * 0.713], 1)
    k = torch.arange(8, device=picture.device, dtype=picture.dtype)
    cosines = torch.cos((2 * k[None] + 1) * k[:, None] * np.pi / 16) * 0.5
    cosines[0] /= np.sqrt(2)
    transform = torch.kron(cosines, cosines)  # (64, 64): a block in a row to its coefficients, orthogonal
    m = wide // 8
    blocks = planes.reshape(n, 3, m, 8, m, 8).permute(0, 1, 2, 4, 3, 5).reshape(n, 3, m * m, 64)
    step = 0.055 * amount[:, None, None, None] * (1 + k[:, None] + k).reshape(64)
    step = step * torch.tensor([1.0, 2.0, 2.0], device=picture.device)[:, None, None] + 1e-4
    blocks = torch.round(blocks @ transform.T / step) * step @ transform
    planes = blocks.reshape(n, 3, m, m, 8, 8).permute(0, 1, 2, 4, 3, 5).reshape(n, 3, wide, wide)
    y, u, v = planes[..., :size, :size].unbind(1)
    b, r = y + u / 0.564, y + v / 0.713
    g = (y - _LUMA[0] * r - _LUMA[2] * b) / _LUMA[1]
    return torch.stack([r, g, b], 1)


def _frame_edge(picture: Tensor, rng: np.random.Generator, strength: float, to_device: _Sender) -> Tensor:
    """Where the crop reaches over the frame's edge it is black, as the app has it."""
    n, _, size, _ = picture.shape
    over = rng.random(n) < 0.08 * strength
    angle = rng.integers(0, 4, n) * np.pi / 2 + rng.normal(0, 0.15, n)
    at = np.where(over, rng.uniform(0.28, 0.5, n), 9.0)
    axis = (torch.arange(size, device=picture.device) + 0.5) / size - 0.5
    c, s = to_device(np.cos(angle))[:, None, None], to_device(np.sin(angle))[:, None, None]
    off = axis[None, None] * c + axis[None, :, None] * s
    return picture * (off < to_device(at)[:, None, None])[:, None]
