"""Kills one process after the other."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

from tests.support.stacks import RunningStack
from tests.support.waiting import eventually

EVERY = 3  # seconds

# The processes between a video and what its owner is told.
VITAL = (
    "broker",
    "convert",
    "gateway",
    "mongodb",
    "notify",
    "rabbitmq",
    "upload",
    "webhook",
)
WITNESSES = {"mail"}  # the mails are the evidence


class Killer:
    """Kills each of `names` in turn, in the order and at the moments given by `seed`; `kills` counts them."""

    def __init__(self, stack: RunningStack, names: Sequence[str], seed: int) -> None:
        self.kills: Counter[str] = Counter()
        self.last = time.monotonic()
        self._stack = stack
        self._names = names
        self._random = random.Random(seed)
        self._turn: list[str] = []

    def kill_until(self, over: Callable[[], bool]) -> None:
        """Kill one process in every 3 s, at a random moment, until `over` and until each was killed once."""
        began = time.monotonic()
        slot = 0
        while self.kills.total() < len(self._names) or not over():
            moment = began + EVERY * (slot + self._random.random())
            time.sleep(max(0, moment - time.monotonic()))
            self._kill(self._next())
            slot += 1

    def _next(self) -> str:
        if not self._turn:
            self._turn = self._random.sample(self._names, len(self._names))
        return self._turn.pop()

    def _kill(self, name: str) -> None:
        eventually(lambda: self._stack.killed(name), 20, f"a {name} to kill")
        self.kills[name] += 1
        self.last = time.monotonic()
