"""The scratch folder: each attempt has a workspace of its own in it, which is removed after the attempt.

Several attempts, of one process or of several, may use one scratch folder at a time. Each holds a lock (flock) in its
workspace, which the kernel releases when the process dies: an unlocked workspace was left by a killed attempt.
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
class Workspace:
    """One attempt's folder; the sandboxed ffmpeg writes to `out`."""

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
    def workspace(self, size: int) -> Iterator[Workspace]:
        """Yield an empty workspace; raise OSError if the disk has no space for a video of `size` bytes."""
        with self._exclusive():  # a new workspace must not be taken for an old one before it is locked
            self._remove_abandoned()
            if size > shutil.disk_usage(self._folder).free:
                raise OSError(errno.ENOSPC, "the scratch folder has no space for the video")
            workspace = Workspace(Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._folder)))
            lock = (workspace.folder / "lock").open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
        with lock:
            try:
                workspace.out.mkdir()
                yield workspace
            finally:
                with self._exclusive():  # nor one whose lock file is removed already
                    shutil.rmtree(workspace.folder)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Keep all others from making and removing workspaces until the block ends."""
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _remove_abandoned(self) -> None:
        for folder in self._folder.glob(f"{PREFIX}*"):
            with (folder / "lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(folder)
