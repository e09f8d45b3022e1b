"""Waiting for a condition, and what is said when it does not come."""

import time
from collections.abc import Callable


class StackError(Exception):
    """Something that a person has to know or do; its text says what."""


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Return as soon as `condition` holds; raise `StackError` naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"{what}: still not so after {seconds:.0f} seconds")
        time.sleep(0.02)
