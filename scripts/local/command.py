"""What `make run`, `demo`, `ps` and `clean` share: how they print, stop and fail."""

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
    """The command was asked to stop, by Ctrl-C, a closed terminal or kill."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `StoppedError` at the first signal, and ignore further signals, so that stopping is not interrupted."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise StoppedError

    for number in SIGNALS:
        signal.signal(number, stop)
    yield


def say(text: str) -> None:
    """Print and flush the text; do nothing if the terminal is closed."""
    with suppress(OSError):
        print(text, flush=True)


def run(command: Callable[[], None]) -> None:
    """Run the command; if it raises `StackError`, print its text and exit with status 1."""
    try:
        command()
    except StackError as error:
        sys.exit(str(error))
