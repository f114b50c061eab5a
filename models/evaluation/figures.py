"""From what the models answered to the figures that are reported."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.samples import Prediction
from models.evaluation.benchmark import Run, Silhouette
from models.evaluation.calibration import calibration_curve
from models.evaluation.camera_space import camera_space_figures, focal_error
from models.evaluation.groups import OCCLUSIONS, VIEWS, by_group, occlusions, views
from models.evaluation.metrics import (
    align,
    aligned_errors,
    auc,
    errors_without_offsets,
    f_score,
    mean_errors,
    moved,
    point_errors,
    root_relative,
)
from models.evaluation.motion import motion_figures
from models.evaluation.spreads import mean, rounded, spread
from models.geometry import project
from models.types import Camera, Float64

RIGHT_BOXES = 0.1
"""A hand is right, for the calibration of presence, if its joints are off by less than this of its box."""

FINGERS = {"wrist": [0]} | {
    name: [4 * f + 1, 4 * f + 2, 4 * f + 3, 4 * f + 4]
    for f, name in enumerate(("thumb", "index", "middle", "ring", "little"))
}


def figures(run: Run) -> dict[str, dict[str, Any]]:
    """By model: how often it missed, and its errors on the samples that every model answered.

    Only what the truth allows is there. `*_mm`, `*_px` in that unit; `over_box` in larger sides of the true
    joints' box; spreads are over samples, each sample's value being the mean over its joints. Errors from the
    wrist count the wrist itself, which is always right. A frame, in accelerations, is a sample.
    """
    judged = judged_rows(run)
    result: dict[str, dict[str, Any]] = {}
    for name, answers in run.answers.items():
        result[name] = {"missed": sum(answer is None for answer in answers)}
        result[name] |= _joints_3d(run, name, judged) | _mesh(run, name, judged)
        result[name] |= _joints_2d(run, name, judged) | _silhouettes(run, name, judged)
        if run.samples.fps is not None:
            result[name]["acceleration"] = motion_figures(run.answers[name], run.truths, run.samples.fps)
        result[name] |= _camera_space(run, name, judged) | _groups(run, name, judged)
        result[name] |= _calibration(run, name)
    return result


def judged_rows(run: Run) -> NDArray[np.intp]:
    """The samples that have something to be judged by, and that every model answered."""
    counted = [t.joints_counted is None or bool(t.joints_counted.any()) for t in run.truths]
    answered = [[a is not None for a in answers] for answers in run.answers.values()]
    return np.flatnonzero(np.all([counted, *answered], axis=0))


def curves(run: Run) -> dict[str, dict[str, Float64]]:
    """By plot and model, the errors of every counted joint: "aligned" and "root" mm, "picture" px."""
    judged = judged_rows(run)
    plots: dict[str, dict[str, Float64]] = {}
    for name in run.answers:
        truth = _truth_3d(run, judged)
        if truth is not None:
            predicted, (target, weights) = _stack(run, name, judged, "joints_m"), truth
            errors = {"aligned": aligned_errors(predicted, target, weights)}
            if run.samples.metric:
                errors["root"] = point_errors(root_relative(predicted), root_relative(target))
            for plot, e in errors.items():
                plots.setdefault(plot, {})[name] = 1e3 * e[weights > 0]
        pixels = _pixel_errors(run, name, judged)
        if pixels is not None:
            plots.setdefault("picture", {})[name] = pixels[0].ravel()
    return plots


def _joints_3d(run: Run, name: str, judged: NDArray[np.intp]) -> dict[str, Any]:
    truth = _truth_3d(run, judged)
    if truth is None:
        return {}
    predicted, (target, weights) = _stack(run, name, judged, "joints_m"), truth
    sides = [run.truths[k].handedness for k in judged]
    aligned = 1e3 * aligned_errors(predicted, target, weights)
    without = 1e3 * errors_without_offsets(predicted, target, sides, weights)
    result: dict[str, Any] = {
        "pa_mpjpe_mm": spread(mean_errors(aligned, weights), _block(run)),
        "pa_mpjpe_without_offsets_mm": mean(mean_errors(without, weights)),
        "pa_per_finger_mm": {
            finger: mean(mean_errors(aligned[:, rows], weights[:, rows])) for finger, rows in FINGERS.items()
        },
        "pa_auc_0_50": rounded(auc(aligned[weights > 0], 0, 50)),
        "pa_auc_20_50": rounded(auc(aligned[weights > 0], 20, 50)),
    }
    if run.samples.metric:
        root = 1e3 * point_errors(root_relative(predicted), root_relative(target))
        result["mpjpe_mm"] = mean(mean_errors(root, weights))
        result["auc_0_50"] = rounded(auc(root[weights > 0], 0, 50))
        result["auc_20_50"] = rounded(auc(root[weights > 0], 20, 50))
    return result


def _mesh(run: Run, name: str, judged: NDArray[np.intp]) -> dict[str, Any]:
    """F-scores, and vertex errors where both meshes have one order; aligned as FreiHAND's server does."""
    truth = _truth_3d(run, judged)
    rows = [k for k in judged if run.truths[k].vertices_m is not None]
    if truth is None or not rows or any(_answer(run, name, k).vertices_m is None for k in rows):
        return {}
    at = np.array(rows)
    predicted = _stack(run, name, at, "vertices_m")
    target = np.array([run.truths[k].vertices_m for k in rows], np.float64)
    same = all(run.truths[k].vertices_are_open for k in rows)
    if same:
        aligned = moved(predicted, align(predicted, target))
    else:
        joints, weights = _truth_3d(run, at) or truth
        aligned = moved(predicted, align(_stack(run, name, at, "joints_m"), joints, weights))
    result: dict[str, Any] = {
        f"pa_f_{mm}": mean([f_score(p, t, mm / 1e3) for p, t in zip(aligned, target, strict=True)])
        for mm in (5, 15)
    }
    if same:
        wrists = _stack(run, name, at, "joints_m")[:, 0], np.array([run.truths[k].joints_3d_m for k in rows])
        seen = root_relative(predicted, wrists[0]), root_relative(target, wrists[1][:, 0])
        result["mpvpe_mm"] = mean(1e3 * point_errors(*seen))
        result["pa_mpvpe_mm"] = mean(1e3 * point_errors(aligned, target))
    return result


def _joints_2d(run: Run, name: str, judged: NDArray[np.intp]) -> dict[str, Any]:
    pixels = _pixel_errors(run, name, judged)
    if pixels is None:
        return {}
    errors, boxes = pixels
    result: dict[str, Any] = {
        "joints_2d_px": mean(errors),
        "auc_2d_0_30": rounded(auc(errors, 0, 30)),
        "joints_2d_over_box": spread(errors.mean(1) / boxes),
    }
    answers = [_answer(run, name, k) for k in judged]
    known = [run.truths[k].intrinsics for k in judged]
    if all(a.placed for a in answers) and all(known):
        cameras = [Camera(i[0], i[1], i[2], i[3], 1, 1) for i in known if i is not None]
        seen = np.array([project(a.joints_m, c) for a, c in zip(answers, cameras, strict=True)])
        truths = np.array([run.truths[k].joints_2d_px for k in judged])
        result["reprojected_over_box"] = spread(point_errors(seen, truths).mean(1) / boxes)
    return result


def _silhouettes(run: Run, name: str, judged: NDArray[np.intp]) -> dict[str, Any]:
    scores = [run.silhouettes[name][k] for k in judged]
    table = np.array([astuple(score) for score in scores if score is not None], np.float64)
    if len(table) == 0:
        return {}
    means = {field.name: mean(table[:, c]) for c, field in enumerate(fields(Silhouette))}
    return {f"silhouette_{key}": value for key, value in means.items() if value is not None}


def _camera_space(run: Run, name: str, judged: NDArray[np.intp]) -> dict[str, Any]:
    """Errors without any alignment, with and without the hand's size and the focal length known."""
    truth = _truth_3d(run, judged)
    answers = [_answer(run, name, k) for k in judged]
    if truth is None or not run.samples.metric or not all(a.placed for a in answers):
        return {}
    if any(run.truths[k].intrinsics is None for k in judged):
        return {}
    target, weights = truth
    meshes = [(run.truths[k].vertices_m, _answer(run, name, k).vertices_m) for k in judged]
    same = all(run.truths[k].vertices_are_open for k in judged)
    whole = same and all(a is not None and b is not None for a, b in meshes)
    vertices = (_stack(run, name, judged, "vertices_m"), np.array([m for m, _ in meshes])) if whole else None
    ratio = [focal_error(t.intrinsics) for t in (run.truths[k] for k in judged) if t.intrinsics is not None]
    values = camera_space_figures((_stack(run, name, judged, "joints_m"), target), weights, vertices, ratio)
    return {key: spread(value, _block(run)) for key, value in values.items()}


def _groups(run: Run, name: str, judged: NDArray[np.intp]) -> dict[str, Any]:
    """PA-MPJPE by view, by self-occlusion, and by camera where a set has several."""
    truth = _truth_3d(run, judged)
    if truth is None or any(run.truths[k].intrinsics is None for k in judged):
        return {}
    target, weights = truth
    errors = 1e3 * aligned_errors(_stack(run, name, judged, "joints_m"), target, weights)
    means = mean_errors(errors, weights)
    sides = [run.truths[k].handedness for k in judged]
    table = {
        "pa_mpjpe_by_view_mm": by_group(means, views(target, sides), VIEWS, _block(run)),
        "pa_mpjpe_by_occlusion_mm": by_group(means, occlusions(target), OCCLUSIONS, _block(run)),
    }
    cameras = [run.truths[k].seen_by for k in judged]
    if any(cameras):
        named = tuple(sorted({camera for camera in cameras if camera}))
        table["pa_mpjpe_by_camera_mm"] = by_group(means, [c or "" for c in cameras], named, _block(run))
    return table


def _calibration(run: Run, name: str) -> dict[str, Any]:
    """Presence beside how often the hand is right: its joints within RIGHT_BOXES of the hand's box, in 2D.

    Over all samples that have 2D truth, also those that other models missed; no answer counts as presence 0.
    """
    rows = [k for k, t in enumerate(run.truths) if t.joints_2d_px is not None]
    answers = [run.answers[name][k] for k in rows]
    if not rows or run.samples.fps is not None or any(a and a.presence is None for a in answers):
        return {}
    right, presence = [], []
    for k, answer in zip(rows, answers, strict=True):
        truth, box = run.truths[k].joints_2d_px, run.truths[k].box_px
        off = np.inf
        if answer is not None and truth is not None and box is not None:
            off = np.linalg.norm(answer.joints_2d_px - truth, axis=1).mean() / max(*box[2:], 1.0)
        right.append(off <= RIGHT_BOXES)
        presence.append(0.0 if answer is None or answer.presence is None else answer.presence)
    return {"presence": calibration_curve(np.clip(presence, 0, 1), right)}


def _block(run: Run) -> int:
    """Samples that are drawn together for intervals: a second of a video."""
    return max(round(run.samples.fps), 1) if run.samples.fps is not None else 1


def _truth_3d(run: Run, rows: NDArray[np.intp]) -> tuple[Float64, Float64] | None:
    """(B, 21, 3) true joints and (B, 21) which count; None where the set has no 3D."""
    truths = [run.truths[k] for k in rows]
    if not truths or any(t.joints_3d_m is None for t in truths):
        return None
    counted = [np.ones(21) if t.joints_counted is None else t.joints_counted for t in truths]
    return np.array([t.joints_3d_m for t in truths], np.float64), np.array(counted, np.float64)


def _pixel_errors(run: Run, name: str, rows: NDArray[np.intp]) -> tuple[Float64, Float64] | None:
    """(B, 21) errors in the picture and (B,) larger sides of the true boxes, pixels.

    None for the clip, whose 2D joints are MediaPipe's own, and where a set has none.
    """
    truths = [run.truths[k] for k in rows]
    if not truths or run.samples.fps is not None or any(t.joints_2d_px is None for t in truths):
        return None
    boxes = np.array([max(t.box_px[2:]) for t in truths if t.box_px is not None])
    target = np.array([t.joints_2d_px for t in truths])
    return point_errors(_stack(run, name, rows, "joints_2d_px"), target), np.maximum(boxes, 1.0)


def _answer(run: Run, name: str, row: int) -> Prediction:
    answer = run.answers[name][row]
    if answer is None:
        raise ValueError(f"{name} did not answer sample {run.truths[row].name}")
    return answer


def _stack(run: Run, name: str, rows: NDArray[np.intp], field: str) -> Float64:
    return np.array([getattr(_answer(run, name, k), field) for k in rows], np.float64)
