"""The live session: capture, inference and drawing on worker threads. Knows nothing of Qt."""

from app.frame import Picture
from app.session.session import AUTO, Listener, Session
from app.session.settings import OVERLAYS, VIEW3D, Settings
from app.session.statistics import Statistics, StatisticsMeter
from app.session.status import Status

__all__ = [
    "AUTO",
    "OVERLAYS",
    "VIEW3D",
    "Listener",
    "Picture",
    "Session",
    "Settings",
    "Statistics",
    "StatisticsMeter",
    "Status",
]
