"""Memory of convert while it works, and sockets, which its ffmpeg should never have."""

from collections.abc import Iterator
from pathlib import Path

from tests.support.processes import Peaks, read


class Watch(Peaks):
    """Samples one process with its children; `sockets` are those seen in an ffmpeg among them."""

    def __init__(self, pid: int) -> None:
        self.sockets: set[str] = set()
        super().__init__({"": pid})

    @property
    def highest(self) -> int:
        """The highest memory so far, in bytes."""
        return self.peak[""]

    def look(self, pid: int) -> None:
        self.sockets.update(_sockets(pid))


def name(pid: int) -> str:
    return read(Path(f"/proc/{pid}/comm")).strip()


def _sockets(pid: int) -> Iterator[str]:
    if not name(pid).startswith("ffmpeg"):
        return
    try:
        yield from (
            link for file in Path(f"/proc/{pid}/fd").iterdir() if (link := str(file.readlink()))[:7] == "socket:"
        )
    except (FileNotFoundError, ProcessLookupError):  # it ended between two looks
        return
