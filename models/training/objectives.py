"""What each paper minimises: its loss terms with its weights, from a network's output and the labels.

Papers leave units open. Here lengths are counted in the unit that makes the weights work: MobRecon's and
M3DHMR's in UNIT_M, in which their decoders answer; Tang's in the lixels' bins (DEPTH_BIN_M metres, 1 / 64 of
the crop); HAMR's 3D in metres, its 2D in crops.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from models.hand.hand_data import HandData
from models.networks.layers.lixel import BINS
from models.networks.network import UNIT_M, NetworkOutput, root_relative
from models.networks.systems.tang import DEPTH_RANGE_M
from models.training import losses
from models.training.batch import Labels, LabelWeights, full_weights
from models.training.soft_raster import SoftImage, face_colours, soft_render

DEPTH_BIN_M = 2 * DEPTH_RANGE_M / BINS
PAPER_OBJECTIVES = ("mobrecon", "tang", "hamr")
"""Methods of `Objectives` that a network may name; M3DHMR's is MobRecon's."""


class Objectives:
    """The papers' losses for one hand topology: PAPER_OBJECTIVES.

    Each returns its weighted terms by name; their sum is the loss. `weights` says how much each sample's
    labels count; left out, 1.
    """

    def __init__(self, hand: HandData, device: torch.device | str = "cpu", render_size: int = 64) -> None:
        """render_size: side of the soft renderings, pixels."""
        self.render_size = render_size
        self.window = 4 + render_size // 8  # twice a hand's largest faces, with their soft borders
        self.faces = torch.from_numpy(hand.faces.astype("int64")).to(device)
        self.regressor = torch.from_numpy(hand.regressor_21.copy()).to(device)
        self.colours = face_colours(torch.from_numpy(hand.regions.copy()), self.faces.cpu()).to(device)
        bones = [[0, first] for first in (1, 5, 9, 13, 17)]
        bones += [[first + i, first + i + 1] for first in (1, 5, 9, 13, 17) for i in range(3)]
        self.bones = torch.tensor(bones, device=device)

    def mobrecon(
        self, output: NetworkOutput, labels: Labels, weights: LabelWeights | None = None
    ) -> dict[str, Tensor]:
        """MobRecon eq. 9 (M3DHMR eq. 7); the consistency terms need two views: `consistency`."""
        V, V_true = output.vertices_m / UNIT_M, labels.vertices_m / UNIT_M
        t = weights or full_weights(labels)
        return {
            "mesh": losses.l1(V, V_true, t.mesh),
            "pose2D": losses.l1(output.joints_2d, labels.joints_2d, t.joints_2d),
            "norm": losses.normal_loss(V, V_true, self.faces, t.mesh),
            "edge": losses.edge_loss(V, V_true, self.faces, t.mesh),
        }

    @staticmethod
    def scores(output: NetworkOutput, presence: Tensor, right: Tensor) -> dict[str, Tensor]:
        """Beyond the papers: is there a hand, and is it a right one. (B,) true chances, 0..1."""
        return {
            "presence": 0.1 * losses.score_loss(output.presence_logit, presence),
            "right": 0.1 * losses.score_loss(output.handedness_logit, right, presence),
        }

    @staticmethod
    def consistency(
        view1: NetworkOutput,
        view2: NetworkOutput,
        R_2_1: Tensor,
        T_2_1: Tensor,
        weight: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """MobRecon eq. 10: two views of one picture, no labels. R_2_1 (B, 3, 3), T_2_1 (B, 2, 3)."""
        V1, V2 = view1.vertices_m / UNIT_M, view2.vertices_m / UNIT_M
        return {
            "con3D": losses.consistency_3d(V1, V2, R_2_1, weight),
            "con2D": losses.consistency_2d(view1.joints_2d, view2.joints_2d, T_2_1, weight),
        }

    def tang(
        self, output: NetworkOutput, labels: Labels, weights: LabelWeights | None = None
    ) -> dict[str, Tensor]:
        """Tang eq. 3-8, with the weights of section 3.4: 10 silhouette, 0.1 render, 1 the others."""
        if (
            output.silhouette_logit is None
            or output.joints_uvz is None
            or output.vertices_2d is None
            or output.rough_vertices_m is None
            or output.rough_vertices_2d is None
        ):
            raise ValueError("tang: expected an output with all branches; put the network in training mode")
        final, rough = output.vertices_m / DEPTH_BIN_M, output.rough_vertices_m / DEPTH_BIN_M
        true, true_joints = labels.vertices_m / DEPTH_BIN_M, labels.joints_m / DEPTH_BIN_M
        _, rough_joints = root_relative(rough, self.regressor)
        J, z = output.joints_uvz, labels.joints_m[..., 2:]
        mask = F.interpolate(labels.mask, size=output.silhouette_logit.shape[-2:], mode="area")
        t = weights or full_weights(labels)
        branch = 2 * BINS * losses.l1(J[..., :2], labels.joints_2d, t.joints_2d)
        branch = branch + losses.l1(J[..., 2:] / DEPTH_BIN_M, z / DEPTH_BIN_M, t.joints)
        return {
            # The image part of the meshes, which the camera's two numbers can't blur.
            "mesh2D": losses.l1(output.rough_vertices_2d, labels.vertices_2d, t.mesh) * BINS
            + losses.l1(output.vertices_2d, labels.vertices_2d, t.mesh) * BINS,
            "mesh": losses.l1(rough, true, t.mesh) + losses.l1(final, true, t.mesh),
            "joint": branch / 3
            + losses.l1(rough_joints, true_joints, t.joints)
            + losses.l1(output.joints_m / DEPTH_BIN_M, true_joints, t.joints),
            "norm": losses.normal_loss(rough, true, self.faces, t.mesh)
            + losses.normal_loss(final, true, self.faces, t.mesh),
            "edge": losses.edge_loss(rough, true, self.faces, t.mesh)
            + losses.edge_loss(final, true, self.faces, t.mesh),
            "sil": 10 * losses.silhouette_loss(output.silhouette_logit, mask, t.mask),
            "render": 0.1 * self.render(output, labels, t.mesh),
        }

    def render(self, output: NetworkOutput, labels: Labels, weight: Tensor | None = None) -> Tensor:
        """Tang eq. 8: the mesh painted by fingers against the true mesh painted likewise."""
        if output.vertices_2d is None:
            raise ValueError("render: expected an output with vertices_2d")
        found = torch.cat([output.vertices_2d, output.vertices_m[..., 2:]], -1)
        with torch.no_grad():
            uvz = torch.cat([labels.vertices_2d, labels.vertices_m[..., 2:]], -1)
            target = self._draw(uvz, self.colours).rgb
        return losses.render_loss(self._draw(found, self.colours).rgb, target, weight)

    def _draw(self, uvz: Tensor, colours: Tensor) -> SoftImage:
        return soft_render(uvz, self.faces, colours, self.render_size, max_window=self.window)

    def hamr(
        self, output: NetworkOutput, labels: Labels, weights: LabelWeights | None = None
    ) -> dict[str, Tensor]:
        """HAMR eq. 8 with its weights: 1000 3D, 1 2D, 1 geometry, 0.1 camera, 100 heatmaps, 10 silhouette."""
        if output.heatmaps is None or output.early_heatmaps is None or output.camera is None:
            raise ValueError("hamr: expected an output with heatmaps of both stacks and a camera")
        target = losses.gaussian_heatmaps(labels.joints_2d, output.heatmaps.shape[-1])
        maps = (output.early_heatmaps, output.heatmaps)
        camera = losses.weak_perspective_camera(labels.joints_m, labels.joints_2d, self.bones)
        uv = losses.weak_perspective(output.vertices_m, output.camera)
        uvz = torch.cat([uv, output.vertices_m[..., 2:]], -1)
        alpha = self._draw(uvz, self.colours[:, :1]).alpha
        mask = F.interpolate(labels.mask, size=(self.render_size, self.render_size), mode="area")
        t = weights or full_weights(labels)
        shown = t.joints_2d  # geometry needs no label, but a hand
        geometry = losses.coplanar_loss(output.joints_m, shown) + losses.bending_loss(output.joints_m, shown)
        heat = [losses.heatmap_loss(m, target, t.joints_2d) for m in maps]
        return {
            "3D": 1000 * losses.l2(output.joints_m, labels.joints_m, t.joints),
            "2D": losses.l2(output.joints_2d, labels.joints_2d, t.joints_2d),
            "geo": geometry,
            "cam": 0.1 * losses.l2(output.camera, camera, torch.minimum(t.joints, t.joints_2d)),
            "ht": 100 * torch.stack(heat).sum(),
            "seg": 10 * losses.mask_loss(alpha, mask, t.mask),
        }
