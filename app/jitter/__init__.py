"""The temporal-jitter test: any models on the same frames of a still hand, and what they tell of it."""

from app.jitter.report import JitterReport, ModelReport, report_text
from app.jitter.saving import prepare_folder, save_report
from app.jitter.trial import JitterTest, NoHandFound
from models.evaluation.predictors import MEDIAPIPE, NAMES

__all__ = [
    "MEDIAPIPE",
    "NAMES",
    "JitterReport",
    "JitterTest",
    "ModelReport",
    "NoHandFound",
    "prepare_folder",
    "report_text",
    "save_report",
]
