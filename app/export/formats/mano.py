"""The hands of a video as parameters of MANO, for whoever has MANO's file.

Our mesh and MANO's are different meshes; what they share is the 21 joints in MANO's sense. MANO is fitted to
those, hand by hand, so this works for the mesh of any network.
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

_OURS = np.array([0, 4, 5, 6, 7, 8, 9, 13, 14, 15, 10, 11, 12, 1, 2, 3])  # our bones in MANO's order
_MIRROR = np.array([-1.0, 1.0, 1.0])


class ManoWriter:
    """Writes NAME.npz, one row a hand and frame, as smplx's MANO takes it with `flat_hand_mean=True`.

    frame, time_s, track, side (N,); global_orient (N, 3), hand_pose (N, 45) axis-angle in MANO's bone order;
    betas (N, 10); transl (N, 3) metres, camera frame; error_mm (N,) root mean square distance of the joints.
    A left hand has the parameters of MANO's left hand, taken as the right one's mirror image.
    """

    def __init__(self, path: Path, model: Path | None) -> None:
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
        self._last: dict[tuple[int, str], PosedHand] = {}
        self._rows: dict[str, list[object]] = {
            name: []
            for name in (
                *("frame", "time_s", "track", "side", "global_orient", "hand_pose"),
                *("betas", "transl", "error_mm"),
            )
        }

    def add(self, frame: FrameHands) -> None:
        for hand in frame.hands:
            flip = _MIRROR if hand.handedness == "left" else np.ones(3)
            key = (hand.track_id, hand.handedness)
            found = self._solver.fit(self._regressor @ hand.vertices_m * flip, self._last.get(key))
            self._last[key] = found
            rotations = flip[:, None] * found.rotations * flip
            pose = Rotation.from_matrix(rotations[_OURS]).as_rotvec()
            wrist = self._wrist + self._wrist_dirs @ found.betas
            row = {
                "frame": frame.index,
                "time_s": frame.time_s,
                "track": hand.track_id,
                "side": hand.handedness,
                "global_orient": pose[0],
                "hand_pose": pose[1:].ravel(),
                "betas": found.betas,
                "transl": (found.translation_m - wrist) * flip,
                "error_mm": 1e3 * found.error_m,
            }
            for name, value in row.items():
                self._rows[name].append(value)

    def save(self) -> None:
        n = len(self._rows["frame"])
        widths = {"global_orient": (3,), "hand_pose": (45,), "betas": (10,), "transl": (3,)}
        kinds = {"frame": int, "track": int, "side": str}
        arrays: dict[str, np.ndarray] = {
            name: np.asarray(values, kinds.get(name, float)).reshape(n, *widths.get(name, ()))
            for name, values in self._rows.items()
        }
        write_whole(self._path, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]

    def discard(self) -> None:
        for values in self._rows.values():
            values.clear()


FORMAT = ExportFormat(
    "mano",
    ".npz",
    "FILE.npz",
    "MANO parameters of every hand",
    lambda path, options: ManoWriter(path, options["mano_model"]),
    (
        ExportOption(
            "--mano-model", {"type": Path, "metavar": "MANO_RIGHT.pkl", "help": "your copy, for --mano"}
        ),
    ),
)
