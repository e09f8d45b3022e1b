"""The program `video2mp3`."""

import signal
import sys
from types import FrameType

import typer

from . import account, convert, doctor, jobs  # noqa: F401  # their commands
from .commands import app
from .failures import Failure, Kind
from .output import Output


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command, and return the exit status."""
    try:
        return int(app(arguments, prog_name="video2mp3", standalone_mode=False) or 0)
    except typer.TyperException as error:
        failure = Failure(Kind.USAGE, error.format_message())
        Output(as_json="--json" in arguments, quiet=False).failure(failure)
        return int(failure.kind)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
