"""Memory is given back to the system."""

from __future__ import annotations

import gc
import platform
import threading
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest

from app.capture import Frame
from app.memory import limit_malloc_arenas, settle, trim_malloc
from app.session import Settings, finder
from app.session.finder import HandFinder
from app.session.usage import UsageMeter
from tests.app.fakes import FakePipeline
from tests.waiting import PATIENCE_S


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library keeps memory in its own way")
def test_free_pages_between_used_ones_are_given_back():
    blocks = [b"x" * 3000 + bytes([i % 256]) for i in range(30_000)]
    kept = blocks[::50]
    del blocks
    before = UsageMeter().read().memory_mb
    trim_malloc()
    assert before - UsageMeter().read().memory_mb > 40
    assert kept[1][-1] == 50


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    limit_malloc_arenas()
    trim_malloc()


def test_what_is_loaded_is_not_looked_through_again_but_let_go_with_the_next():
    class Model:
        pass

    model = Model()
    model.itself = model
    gone = weakref.ref(model)
    try:
        settle()
        assert gc.get_freeze_count() > 10_000
        del model
        gc.collect()
        assert gone() is not None
        settle()
        assert gone() is None
    finally:
        gc.unfreeze()


def test_each_model_that_is_replaced_is_closed_even_while_the_next_loads(monkeypatch):
    made, trims, may_load = [], [], threading.Event()
    monkeypatch.setattr(finder, "settle", lambda: trims.append(len(made)))

    def load(config) -> FakePipeline:
        if made:
            assert may_load.wait(PATIENCE_S)
        made.append(FakePipeline())
        return made[-1]

    frame = Frame(np.zeros((8, 8, 3), np.uint8), 0.0, 0)
    hands = HandFinder(load, lambda status: None)
    while not hands.find(frame, Settings()).hands:
        time.sleep(0.005)
    hands.find(frame, replace(Settings(), model="fit"))
    threading.Timer(0.05, may_load.set).start()
    hands.close()
    assert [pipeline.closed for pipeline in made] == [True, True]
    assert trims == [1, 2]  # once it is there, and with its end
