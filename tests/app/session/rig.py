"""A session on fake parts, and someone who keeps all that it tells."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from app.recorder import RecordingState
from app.session import Listener, Picture, Session, Settings, Status
from tests.app.fakes import FakeCompositor, FakePipeline


@dataclass
class Watcher:
    """Keeps all that a session tells."""

    pictures: list[Picture] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    recordings: list[RecordingState] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    fallbacks: list[tuple[Settings, Settings]] = field(default_factory=list)
    lateness_s: list[float] = field(default_factory=list)

    def listener(self) -> Listener:
        def take(picture: Picture) -> None:
            self.pictures.append(picture)
            self.lateness_s.append(time.monotonic() - picture.time_s)

        def fall_back(failed: Settings, running: Settings) -> None:
            self.fallbacks.append((failed, running))

        return Listener(take, self.statuses.append, self.recordings.append, self.sources.append, fall_back)

    def texts(self, topic: str) -> list[str]:
        return [status.text for status in self.statuses if status.topic == topic and status.text]


@dataclass
class Rig:
    session: Session
    watcher: Watcher
    pipeline: FakePipeline
    compositor: FakeCompositor


def with_hands(rig: Rig) -> list[Picture]:
    return [picture for picture in rig.watcher.pictures if picture.hands]
