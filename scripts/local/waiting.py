"""Waiting for a condition, with an error that names the condition."""

import time
from collections.abc import Callable


class StackError(Exception):
    """An error that the user has to know about or fix; its text says what to do."""


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Return as soon as `condition` holds; raise `StackError`, which says `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"Timed out after {seconds:.0f} seconds, waiting until {what}.")
        time.sleep(0.02)
