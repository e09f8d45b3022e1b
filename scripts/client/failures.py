"""What can go wrong, by kind: each kind is an exit status."""

from enum import IntEnum


class Kind(IntEnum):
    """The exit statuses; `--help` and the README list them."""

    SEVERAL = 1
    USAGE = 2
    LOGIN = 3
    NETWORK = 4
    SERVICE = 5
    REFUSED = 6
    BUSY = 7
    CONVERSION = 8
    FILE = 9
    INTERRUPTED = 130


MEANINGS = {
    Kind.SEVERAL: "several files failed, for different reasons",
    Kind.USAGE: "wrong options or arguments",
    Kind.LOGIN: "not logged in, or the login is refused",
    Kind.NETWORK: "the service cannot be reached",
    Kind.SERVICE: "the service fails, or its answer makes no sense",
    Kind.REFUSED: "the service refuses the request, such as an unknown job or an impossible option",
    Kind.BUSY: "a limit of the service is exceeded, and waiting would take too long",
    Kind.CONVERSION: "the video cannot be converted",
    Kind.FILE: "a file cannot be read or written, or exists already",
    Kind.INTERRUPTED: "interrupted; the same command resumes",
}


class Failure(Exception):  # noqa: N818  # it carries the exit status
    """What went wrong and what to do, in one text."""

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Temporary(Failure):
    """A failure that may be gone at the next attempt, after `retry_after` seconds if the service has said so."""

    def __init__(self, kind: Kind, text: str, retry_after: float | None = None) -> None:
        super().__init__(kind, text)
        self.retry_after = retry_after


class Interrupted(Failure):
    """Ctrl-C, or the end of the terminal."""

    def __init__(self) -> None:
        super().__init__(Kind.INTERRUPTED, "Interrupted. The same command resumes.")
