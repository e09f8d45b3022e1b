"""Waiting on a condition instead of for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T | None], seconds: float = 30, what: str = "it", every: float = 0.1) -> T:
    """Return the first true value of `look`, called every `every` seconds; fail after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(every)
    raise AssertionError(f"{what} did not come within {seconds} s")
