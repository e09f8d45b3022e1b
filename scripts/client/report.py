"""Tells what becomes of each of several videos."""

import typer

from .converting import Outcome
from .failures import Failure, Kind
from .names import shown, size
from .output import Output


class Report:
    """Prints what becomes of each video, and at last how many were converted."""

    def __init__(self, out: Output, total: int) -> None:
        self._out = out
        self._total = total
        self._done = self._skipped = 0
        self._failures: list[Failure] = []

    def add(self, label: str, outcome: Outcome | Failure) -> None:
        if isinstance(outcome, Failure):
            self._failures.append(outcome)
            self._out.failure(outcome, label)
            return
        self._done += not outcome.skipped
        self._skipped += outcome.skipped
        target, mp3 = outcome.target, outcome.job.mp3 if outcome.job else None
        if target is None:
            return
        values = {"of": label, "mp3": str(target), "job": outcome.job.id if outcome.job else None}
        more = " (exists)" if outcome.skipped or not mp3 else f" ({size(mp3.size)})"
        incomplete = (
            "\nSome of its sound could not be converted." if mp3 and mp3.incomplete and not outcome.skipped else ""
        )
        self._out.result({**values, "skipped": outcome.skipped}, f"{shown(str(target))}{more}{incomplete}")

    def close(self) -> None:
        """Raise Failure if something has failed."""
        failed = len(self._failures)
        left = self._total - self._done - self._skipped - failed
        if self._total > 1:
            counts = {"converted": self._done, "skipped": self._skipped, "failed": failed, "not begun": left}
            self._out.note(", ".join(f"{count} {what}" for what, count in counts.items() if count))
        kinds = {failure.kind for failure in self._failures}
        if kinds:
            raise typer.Exit(int(kinds.pop()) if len(kinds) == 1 else int(Kind.SEVERAL))
