"""A session loads models: pictures go on meanwhile, and whatever fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from models.tracking.pipeline import DEFAULT_MODEL, MODELS, PipelineConfig
from tests.app.fakes import FakePipeline
from tests.app.session.rig import Rig, with_hands
from tests.waiting import PATIENCE_S, wait_for

OTHER = next(name for name in MODELS if name != DEFAULT_MODEL)


def test_pictures_flow_while_the_model_loads(start: Callable[..., Rig]) -> None:
    loaded = threading.Event()

    def load(config: object) -> FakePipeline:
        loaded.wait(PATIENCE_S)
        return FakePipeline()

    rig = start(make_pipeline=load)
    rig.session.open("clip")
    wait_for(lambda: len(rig.watcher.pictures) > 5)
    assert not with_hands(rig)
    assert any("Loading" in text for text in rig.watcher.texts("model"))
    loaded.set()
    wait_for(lambda: with_hands(rig))
    assert [status.text for status in rig.watcher.statuses if status.topic == "model"][-1] == ""


@pytest.mark.fault
def test_a_model_that_cannot_be_loaded_is_told_and_pictures_go_on(start: Callable[..., Rig]) -> None:
    def fail(config: object) -> FakePipeline:
        raise FileNotFoundError("weights are missing")

    rig = start(make_pipeline=fail)
    rig.session.open("clip")
    wait_for(lambda: any("weights are missing" in text for text in rig.watcher.texts("model")))
    count = len(rig.watcher.pictures)
    wait_for(lambda: len(rig.watcher.pictures) > count + 3)


@pytest.mark.fault
def test_after_a_model_that_cannot_be_loaded_the_old_one_runs_by_its_name(start: Callable[..., Rig]) -> None:
    """… and the other is tried again when it is chosen again."""
    good, other = FakePipeline(), FakePipeline()
    loads: list[str] = []

    def load(config: PipelineConfig) -> FakePipeline:
        loads.append(config.model)
        if config.model == OTHER and loads.count(OTHER) == 1:
            raise FileNotFoundError("weights are missing")
        return other if config.model == OTHER else good

    rig = start(make_pipeline=load)
    rig.session.open("clip")
    wait_for(lambda: with_hands(rig))
    running = rig.session.settings
    rig.session.settings = failing = replace(running, model=OTHER)
    wait_for(lambda: rig.watcher.fallbacks)
    assert rig.watcher.fallbacks == [(failing, running)]
    assert f"“{running.model}” goes on" in rig.watcher.texts("model")[-1]
    time.sleep(0.1)
    assert loads == [running.model, OTHER]  # not tried again at every frame
    rig.session.settings = running  # as the window does
    calls = good.calls
    wait_for(lambda: good.calls > calls + 3)
    assert not good.closed
    rig.session.settings = failing
    wait_for(lambda: other.calls > 3)
    assert loads == [running.model, OTHER, OTHER]


@pytest.mark.fault
def test_a_first_model_that_cannot_be_loaded_is_tried_again_when_chosen_again(
    start: Callable[..., Rig],
) -> None:
    loads: list[object] = []

    def load(config: object) -> FakePipeline:
        loads.append(config)
        if len(loads) == 1:
            raise FileNotFoundError("weights are missing")
        return FakePipeline()

    rig = start(make_pipeline=load)
    rig.session.open("clip")
    wait_for(lambda: any("weights are missing" in text for text in rig.watcher.texts("model")))
    assert not rig.watcher.fallbacks
    rig.session.settings = replace(rig.session.settings)
    wait_for(lambda: with_hands(rig))
    assert len(loads) == 2
