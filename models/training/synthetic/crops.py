"""Synthetic crops with everything that is known of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.batch import Batch, Labels, LabelWeights
from models.types import Float32


@dataclass(frozen=True, eq=False)
class SyntheticCrops:
    """B crops, S px wide. 3D in each crop's camera frame, metres; a crop without a hand has arbitrary labels.

    Where `mirrored`, the picture and all that lies in it (mask, parts, depth) show the hand as a left one;
    points are those of the right hand before the mirror.
    """

    images: torch.Tensor  # (B, 3, S, S) RGB, 0..1
    vertices_m: Float32  # (B, 778, 3)
    joints_m: Float32  # (B, 21, 3)
    focal: Float32  # (B,) of the crop's camera, in crop widths; its axis is the crop's middle
    mask: Float32  # (B, S, S) the fraction of each pixel that the hand covers, whether occluded or not
    resolution_ratio: Float32  # (B,) pixels of the webcam's frame for one of the crop
    present: NDArray[np.bool_]  # (B,)
    mirrored: NDArray[np.bool_]  # (B,)
    parts: NDArray[np.uint8] | None = None  # (B, S, S) 0 nothing, 1 palm, 2 thumb .. 6 little finger
    depth_m: Float32 | None = None  # (B, S, S) z of the hand; 0 where there is none
    visible: Float32 | None = None  # (B, S, S) fraction of each pixel in which the hand is visible

    def projected(self, points_m: Float32) -> Float32:
        """(B, N, 3) -> (B, N, 2) in 0..1 of the crop, border to border."""
        xy = points_m[..., :2] / points_m[..., 2:] * self.focal[:, None, None]
        return np.asarray(xy + 0.5, np.float32)

    def batch(self) -> Batch:
        """As training takes them: of left hands and empty crops nothing is known but that they are such."""
        known = torch.from_numpy((self.present & ~self.mirrored).astype(np.float32))

        def label(array: Float32) -> torch.Tensor:
            tensor = torch.from_numpy(np.ascontiguousarray(array))
            return tensor * known.reshape(-1, *[1] * (tensor.ndim - 1))

        root = self.joints_m[:, :1]
        labels = Labels(
            vertices_m=label(self.vertices_m - root),
            joints_m=label(self.joints_m - root),
            joints_2d=label(self.projected(self.joints_m)),
            vertices_2d=label(self.projected(self.vertices_m)),
            mask=label(self.mask[:, None]),
        )
        return Batch(
            images=self.images,
            labels=labels,
            weights=LabelWeights(known, known.clone(), known.clone(), known.clone()),
            presence=torch.from_numpy(self.present.astype(np.float32)),
            right=torch.from_numpy((~self.mirrored).astype(np.float32)),
        )
