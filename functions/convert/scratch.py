"""The scratch folder: a folder of its own for each attempt, gone after it, whatever became of the attempt.

Two attempts may be at work in one scratch folder, of one process or of two. Each holds a lock (flock) in its own
folder, which the kernel takes back when its process dies: an unlocked folder is a killed attempt's.
"""

import errno
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PREFIX = "attempt-"


@dataclass(frozen=True)
class Room:
    """One attempt's folder; in `out` the sandboxed ffmpeg writes."""

    folder: Path

    @property
    def video(self) -> Path:
        return self.folder / "video"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def mp3(self) -> Path:
        return self.out / "audio.mp3"

    @property
    def tags(self) -> Path:
        return self.out / "tags"


class Scratch:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def room(self, size: int) -> Iterator[Room]:
        """Yield an empty room with space for a video of `size` bytes; raise OSError if there is none."""
        with self._door():  # nobody may take a new room for an old one before it is locked
            self._clear()
            if size > shutil.disk_usage(self._folder).free:
                raise OSError(errno.ENOSPC, "the scratch folder has no space for the video")
            room = Room(Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._folder)))
            lock = (room.folder / "lock").open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
        with lock:
            try:
                room.out.mkdir()
                yield room
            finally:
                with self._door():  # nor one whose lock is removed already
                    shutil.rmtree(room.folder)

    @contextmanager
    def _door(self) -> Iterator[None]:
        """Let nobody else make, clear or leave a room meanwhile."""
        with (self._folder / "lock").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield

    def _clear(self) -> None:
        for folder in self._folder.glob(f"{PREFIX}*"):
            with (folder / "lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(folder)
