"""What convert holds while it works: memory, and sockets that its ffmpeg should never have."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self


class Watch:
    """`peak`: the most memory of a process with its children, in bytes; `sockets`: those seen in an ffmpeg of theirs.

    Looked at every 20 ms. A page that several of them share is counted once (PSS).
    """

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self.sockets: set[str] = set()
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            members = list(tree(self._pid))
            self.peak = max(self.peak, sum(map(_pss, members)))
            self.sockets.update(socket for member in members for socket in _sockets(member))


def tree(pid: int) -> Iterator[int]:
    """Yield a process, its children and theirs, as far as they are there."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(task).split():
            yield from tree(int(child))


def name(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/comm")).strip()


def _pss(pid: int) -> int:
    lines = _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _sockets(pid: int) -> Iterator[str]:
    if name(pid) != "ffmpeg":
        return
    try:
        yield from (
            link for file in Path(f"/proc/{pid}/fd").iterdir() if (link := str(file.readlink()))[:7] == "socket:"
        )
    except (FileNotFoundError, ProcessLookupError):  # it ended between two looks
        return


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
