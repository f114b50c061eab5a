"""The hands of a video as parameters of MANO, for whoever has MANO's file.

Our mesh and MANO's are different meshes; what they share is the 21 joints in MANO's sense. MANO is fitted to
those, hand by hand, so this works for the mesh of any network. Where a hand comes with its parameters, MANO
moves on as it did, and is fitted again only where that does not meet the joints as well as the fit before.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from app.errors import UserError
from app.export.entry import ExportFormat, ExportOption
from app.frame import FrameHands
from app.output import prepare_output, write_whole
from models.hand.hand_data import load_mano, load_open_hand
from models.hand.inverse_skinning import InverseSkinning, PosedHand
from models.hand.mano_file import read_mano_file
from models.hand.poser import HandPoser
from models.types import HandMesh

_OURS = np.array([0, 4, 5, 6, 7, 8, 9, 13, 14, 15, 10, 11, 12, 1, 2, 3])  # our bones in MANO's order
_MIRROR = np.array([-1.0, 1.0, 1.0])
_WORSE, _WORSE_M = 1.02, 2e-5  # by how much the joints may be further off than at the fit before


class ManoWriter:
    """Writes NAME.npz, one row a hand and frame, as smplx's MANO takes it with `flat_hand_mean=True`.

    frame, time_s, track, side (N,); global_orient (N, 3), hand_pose (N, 45) axis-angle in MANO's bone order;
    betas (N, 10); transl (N, 3) metres, camera frame; error_mm (N,) root mean square distance of the joints.
    A left hand has the parameters of MANO's left hand, taken as the right one's mirror image.
    """

    def __init__(self, path: Path, model: Path | None, poser: HandPoser) -> None:
        prepare_output(path, ".npz")
        if model is None:
            raise UserError("MANO parameters need MANO's own file: give it with --mano-model MANO_RIGHT.pkl")
        try:
            mano, arrays = load_mano(model), read_mano_file(model)
        except ValueError as error:
            raise UserError(str(error)) from error
        except OSError as error:
            raise UserError(f"{model} can't be read ({error.strerror}); give your MANO_RIGHT.pkl") from error
        regressor = arrays["J_regressor"][0] / arrays["J_regressor"][0].sum()
        # Where MANO's own wrist is for each shape: `transl` counts from its origin, ours from the wrist.
        self._wrist = regressor @ arrays["v_template"]
        self._wrist_dirs = np.einsum("v,vxk->xk", regressor, arrays["shapedirs"])
        self._path = path
        self._regressor = load_open_hand().regressor_21_mano
        self._solver = InverseSkinning(mano, mano.regressor_21_mano)
        self._poser = poser
        # What was found last, and the hand's own parameters then, where it came with them.
        self._last: dict[tuple[int, str], tuple[PosedHand, PosedHand | None]] = {}
        self._rows: dict[str, list[object]] = {
            name: [] for name in ("frame", "time_s", "track", "side", "pose", "betas", "transl", "error_mm")
        }

    def add(self, frame: FrameHands) -> None:
        for hand in frame.hands:
            flip = _MIRROR if hand.handedness == "left" else np.ones(3)
            found = self._find(hand, self._regressor @ hand.vertices_m * flip)
            wrist = self._wrist + self._wrist_dirs @ found.betas
            row = {
                "frame": frame.index,
                "time_s": frame.time_s,
                "track": hand.track_id,
                "side": hand.handedness,
                "pose": (flip[:, None] * found.rotations * flip)[_OURS],
                "betas": found.betas,
                "transl": (found.translation_m - wrist) * flip,
                "error_mm": 1e3 * found.error_m,
            }
            for name, value in row.items():
                self._rows[name].append(value)

    def _find(self, hand: HandMesh, joints_m: np.ndarray) -> PosedHand:
        key = (hand.track_id, hand.handedness)
        pose = None if hand.pose is None else self._poser(hand)
        previous, was = self._last.get(key, (None, None))
        if previous is None or was is None or pose is None:
            found = self._solver.fit(joints_m, previous)
        else:
            start = self._solver.carried(previous, was, pose)
            found = self._solver.fit(joints_m, start, _WORSE * previous.error_m + _WORSE_M, steps=1)
            if found.rotations is start.rotations:
                return found  # the previous fit stays what the next one is carried from
        self._last[key] = found, pose
        return found

    def save(self) -> None:
        n = len(self._rows["frame"])
        widths = {"pose": (16, 3, 3), "betas": (10,), "transl": (3,)}
        kinds = {"frame": int, "track": int, "side": str}
        arrays: dict[str, np.ndarray] = {
            name: np.asarray(values, kinds.get(name, float)).reshape(n, *widths.get(name, ()))
            for name, values in self._rows.items()
        }
        turns = Rotation.from_matrix(arrays.pop("pose").reshape(-1, 3, 3)) if n else None
        turned = np.zeros((0, 48)) if turns is None else turns.as_rotvec().reshape(n, 48)
        arrays |= {"global_orient": turned[:, :3], "hand_pose": turned[:, 3:]}
        write_whole(self._path, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]

    def discard(self) -> None:
        for values in self._rows.values():
            values.clear()


FORMAT = ExportFormat(
    "mano",
    ".npz",
    "FILE.npz",
    "MANO parameters of every hand",
    lambda path, options: ManoWriter(path, options["mano_model"], options["poser"]),
    (
        ExportOption(
            "--mano-model", {"type": Path, "metavar": "MANO_RIGHT.pkl", "help": "your copy, for --mano"}
        ),
    ),
)
