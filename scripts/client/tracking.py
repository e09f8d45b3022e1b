"""Tells how far each video is: as bars in a terminal, otherwise as lines, or not at all."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from .failures import Failure
from .names import shown, size

SAID_SECONDS = 2  # a shorter wait is no news


class Tracker:
    """How far one video is, which is told to nobody."""

    def uploads(self, done: int, total: int) -> None:
        """Tell how many bytes are sent."""

    def converts(self, progress: float) -> None:
        """Tell how much is converted, from 0 to 1."""

    def downloads(self, done: int, total: int) -> None:
        """Tell how many bytes have arrived."""

    def waits(self, seconds: float, why: Failure) -> None:
        """Tell that the next attempt is made in so many seconds."""


class Tracking:
    """Trackers that tell nothing."""

    @contextmanager
    def of(self, _label: str) -> Iterator[Tracker]:
        """Give the tracker of a video with this name."""
        yield Tracker()

    def say(self, text: str) -> None:
        """Print a line on standard output."""
        print(text, flush=True)

    def warn(self, text: str) -> None:
        """Print a line on standard error, if anybody is there: in one piece, as several threads do."""
        with suppress(OSError):
            print(f"{text}\n", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave the terminal as it was."""


class LineTracker(Tracker):
    def __init__(self, tracking: Tracking, label: str) -> None:
        self._tracking = tracking
        self._label = label
        self._phase = ""

    def uploads(self, done: int, total: int) -> None:
        self._begin("uploading", done, total)

    def converts(self, progress: float) -> None:
        self._begin("converting", progress)

    def downloads(self, done: int, total: int) -> None:
        self._begin("downloading", done, total)

    def waits(self, seconds: float, why: Failure) -> None:
        if seconds >= SAID_SECONDS:
            self._tracking.warn(f"{self._label}: retries in {seconds:.0f} s: {why}")

    def _begin(self, phase: str, _done: float, total: int | None = None) -> None:
        if phase != self._phase:
            self._phase = phase
            self._tracking.warn(f"{self._label}: {phase}" + (f" {size(total)}" if total else ""))


class Lines(Tracking):
    """Prints a line on standard error when something begins."""

    @contextmanager
    def of(self, label: str) -> Iterator[Tracker]:
        yield LineTracker(self, shown(label))


class BarTracker(Tracker):
    def __init__(self, progress: Progress, label: str) -> None:
        self._progress = progress
        self._label = label
        self._phase = ""
        self._bar: TaskID | None = None

    def uploads(self, done: int, total: int) -> None:
        self._show("uploading", done, total)

    def converts(self, progress: float) -> None:
        self._show("converting", progress, 1)

    def downloads(self, done: int, total: int) -> None:
        self._show("downloading", done, total)

    def waits(self, seconds: float, why: Failure) -> None:
        if self._bar is not None and seconds >= SAID_SECONDS:
            self._progress.update(self._bar, phase=f"waits {seconds:.0f} s: {why}")
            self._phase += " waiting"

    def close(self) -> None:
        if self._bar is not None:
            self._progress.remove_task(self._bar)
            self._bar = None

    def _show(self, phase: str, done: float, total: float) -> None:
        """Show a bar of the phase's own."""
        if phase != self._phase:
            self.close()
            self._phase = phase
            self._bar = self._progress.add_task(self._label, total=total, phase=phase)
        if self._bar is not None:
            self._progress.update(self._bar, completed=done)


class Bars(Tracking):
    """Draws a bar for each phase of each video on standard error; lines are printed above them."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        columns = (
            TextColumn(
                "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
            ),
            TextColumn("{task.fields[phase]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=5)),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
        )
        self._progress = Progress(*columns, console=self._console, expand=True, transient=True)
        self._lock = Lock()

    @contextmanager
    def of(self, label: str) -> Iterator[Tracker]:
        tracker = BarTracker(self._progress, shown(label))
        try:
            yield tracker
        finally:
            tracker.close()

    def say(self, text: str) -> None:
        if sys.stdout.isatty():
            self.warn(text)
        else:
            super().say(text)

    def warn(self, text: str) -> None:
        with self._lock:
            self._console.print(Text(text), soft_wrap=True)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()
