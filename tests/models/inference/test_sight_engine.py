"""When the network without a mesh takes the whole one's place."""

import numpy as np

from models.inference.sight_engine import SightEngine
from tests.waiting import wait_for

CROPS = np.zeros((1, 16, 16, 3), np.uint8)


class Fake:
    """Answers with its name."""

    input_size = 16

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, crops_rgb: np.ndarray, focal: float = 1.0) -> dict[str, np.ndarray]:
        return {self.name: np.zeros(1)}


def test_the_smaller_network_is_made_when_it_is_worth_it() -> None:
    made = SightEngine(Fake("whole"), lambda: Fake("part"), after=3)
    assert ["whole" in made(CROPS) for _ in range(2)] == [True, True]
    made(CROPS)
    wait_for(lambda: "part" in made(CROPS))


def test_a_smaller_network_that_cannot_be_made_is_done_without() -> None:
    def broken() -> Fake:
        raise RuntimeError("no such graph")

    never = SightEngine(Fake("whole"), broken, after=1)
    assert all("whole" in never(CROPS) for _ in range(5))
