"""The scratch folder: each attempt has a workspace of its own in it, which is removed after the attempt.

Several attempts, of one process or of several, may use one scratch folder at a time. Each holds a lock (flock) in its
workspace, which the kernel releases when the process dies: an unlocked workspace was left by a killed attempt.
"""

import errno
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

PREFIX = "attempt-"
MIN_FREE_BYTES = 1 << 20  # with less, a disk is full: the next write may fail

log = logging.getLogger(__name__)


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

    @property
    def track_tags(self) -> Path:
        return self.out / "track-tags"

    @property
    def cover(self) -> Path:
        return self.out / "cover"

    def inside(self, path: Path) -> Path:
        """Return a path's name within the workspace; ffmpeg's user may have no way to it from the root folder."""
        return path.relative_to(self.folder)

    def disk_full(self) -> bool:
        disk = os.statvfs(self.out)
        return disk.f_bavail * disk.f_frsize < MIN_FREE_BYTES or bool(disk.f_files and not disk.f_favail)


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
                    _remove(workspace.folder)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Keep all others from making and removing workspaces until the block ends."""
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _remove_abandoned(self) -> None:
        for folder in self._folder.glob(f"{PREFIX}*"):
            with suppress(BlockingIOError), _lock(folder) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)


def _lock(folder: Path) -> TextIO:
    try:
        return (folder / "lock").open("w")
    except PermissionError:
        folder.chmod(0o700)
        return (folder / "lock").open("w")


def _remove(workspace: Path) -> None:
    """Remove a folder in which anything may have been done.

    Folders are opened to their owner first. Each is moved to the top before its turn: neither a path nor the stack of
    calls grows with the depth. A folder that cannot be removed is logged and does not stop any attempt.
    """
    folders = [workspace]
    try:
        for folder in folders:
            folder.chmod(0o700)
            for entry in list(folder.iterdir()):
                if entry.is_dir() and not entry.is_symlink():
                    entry.chmod(0o700)
                    folders.append(entry.rename(workspace.with_name(f"{workspace.name}.{len(folders)}")))
                else:
                    entry.unlink()
            folder.rmdir()
    except OSError as error:
        log.warning("workspace not removed", extra={"folder": str(workspace), "error": str(error)})
