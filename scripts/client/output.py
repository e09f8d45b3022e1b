"""What a command prints: text for people or JSON for programs, on standard output; failures on standard error."""

import json
import sys
from collections.abc import Mapping

from .failures import Failure
from .names import shown
from .tracking import Bars, Lines, Tracking


class Output:
    """With `as_json` each result is one JSON object on a line; with `quiet` there are failures alone."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._as_json = as_json
        self._quiet = quiet
        self._tracking = Tracking()

    def tracking(self) -> Tracking:
        """Return what tells of transfers, which lines go through while it is entered."""
        if not (self._quiet or self._as_json):
            self._tracking = Bars() if sys.stderr.isatty() else Lines()
        return self._tracking

    def result(self, values: Mapping[str, object], text: str) -> None:
        if self._as_json:
            self._tracking.say(json.dumps(values))
        elif not self._quiet:
            self._tracking.say(lines(text))

    def note(self, text: str) -> None:
        """Print something for people that is no result."""
        if not (self._as_json or self._quiet):
            self._tracking.warn(lines(text))

    def failure(self, failure: Failure, label: str = "") -> None:
        if self._as_json:
            self._tracking.warn(json.dumps({"error": error(failure), **({"of": label} if label else {})}))
        else:
            self._tracking.warn(lines(f"{shown(label)}: {failure}" if label else str(failure)))


def error(failure: Failure) -> dict[str, object]:
    return {"kind": failure.kind.name.lower(), "exit_status": int(failure.kind), "message": str(failure)}


def lines(text: str) -> str:
    """Return the text without anything that a terminal could obey, but with its ends of lines."""
    return "\n".join(shown(line) for line in text.split("\n"))
