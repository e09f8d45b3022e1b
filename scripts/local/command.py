"""What the commands for people have in common: how they stop, how they fail."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from scripts.local.servers import LOCAL
from scripts.local.waiting import StackError

RUN = LOCAL / "run"
DEMO = LOCAL / "demo"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(Exception):
    """Somebody asked the command to stop, by Ctrl-C, a closed terminal or kill."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `StoppedError` at the first signal; from then on nothing disturbs the stopping."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise StoppedError

    for number in SIGNALS:
        signal.signal(number, stop)
    yield


def say(text: str) -> None:
    """Print at once, or nothing where the terminal is gone."""
    with suppress(OSError):
        print(text, flush=True)


def run(command: Callable[[], None]) -> None:
    """Run the command; exit by 1 with the error's text if it fails."""
    try:
        command()
    except StackError as error:
        sys.exit(str(error))
