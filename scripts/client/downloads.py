"""Downloads of MP3s: each goes on where it was interrupted, and appears under its name when it is whole."""

import contextlib
import errno
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .failures import Failure, Kind, Temporary
from .models import Mp3
from .names import shown
from .retrying import for_transfer
from .service import NONSENSE, Service
from .tracking import Tracker

PIECE_BYTES = 64 * 1024
NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def pieces(service: Service, mp3: Mp3, position: int, tracker: Tracker) -> Iterator[bytes]:
    """Yield the MP3's bytes from `position` on; raise Failure."""
    retrying = for_transfer(service.stop, tracker.waits)
    while position < mp3.size:
        try:
            for piece in _attempt(service, mp3, position):
                retrying.progress()
                position += len(piece)
                tracker.downloads(position, mp3.size)
                yield piece
        except Temporary as failure:
            retrying.wait(failure)


def save(service: Service, mp3: Mp3, target: Path, tracker: Tracker, *, force: bool) -> None:
    """Download the MP3 to the file, which must not exist unless `force`; raise Failure.

    What has arrived waits beside it in a hidden file for the next attempt, but not if the disk is full.
    """
    part = target.with_name(f".{mp3.id}.part")
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(part, flags, 0o666), "r+b", buffering=0) as file:
            _lock(file)
            try:
                _fill(service, mp3, file, tracker)
                _publish(part, target, force=force)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        _sync(target.parent)
    except OSError as error:
        raise not_written(target, error) from error


def prepare(folder: Path) -> None:
    """Make the folder unless there is one; raise Failure if nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        text = f"MP3s cannot be written to {shown(str(folder))}: {error.strerror}. `-o` names another folder."
        raise Failure(Kind.FILE, text) from error


def not_written(target: Path, error: OSError) -> Failure:
    if isinstance(error, FileExistsError):
        return exists(target)
    return Failure(Kind.FILE, f"{shown(str(target))} cannot be written: {error.strerror}. `-o` names another folder.")


def exists(target: Path) -> Failure:
    text = f"{shown(str(target))} exists. `--force` overwrites it, `--skip-existing` leaves out its video."
    return Failure(Kind.FILE, text)


def _attempt(service: Service, mp3: Mp3, position: int) -> Iterator[bytes]:
    headers = {"Range": f"bytes={position}-"} if position else {}
    with service.stream("GET", f"/download/{mp3.id}", headers=headers) as response:
        if response.status_code not in {200, 206}:
            raise service.refusal(response)
        begin = 0
        if response.status_code == 206:
            found = re.match(r"bytes (\d{1,18})-", response.headers.get("Content-Range", ""), re.ASCII)
            begin = int(found[1]) if found else -1
        if begin not in {0, position}:
            raise Failure(Kind.SERVICE, NONSENSE.format(url=service.url))
        skipped, left = position - begin, mp3.size - position
        for piece in response.iter_raw(PIECE_BYTES):
            service.stop.check()
            wanted = piece[min(skipped, len(piece)) :]
            skipped -= len(piece) - len(wanted)
            if len(wanted) > left:
                raise Failure(Kind.SERVICE, NONSENSE.format(url=service.url))
            left -= len(wanted)
            if wanted:
                yield wanted
        if left:
            raise Temporary(Kind.NETWORK, "The download ended too early.")


def _lock(file: BinaryIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Failure(Kind.FILE, "Another video2mp3 is downloading this MP3. Wait for its end.") from error


def _fill(service: Service, mp3: Mp3, file: BinaryIO, tracker: Tracker) -> None:
    position = file.seek(0, os.SEEK_END)
    if position > mp3.size:
        position = file.seek(0)
        file.truncate()
    for piece in pieces(service, mp3, position, tracker):
        rest = memoryview(piece)
        while rest:
            rest = rest[file.write(rest) :]
    os.fsync(file.fileno())


def _publish(part: Path, target: Path, *, force: bool) -> None:
    """Give the file its name, in one step; raise FileExistsError if there is one already."""
    if force:
        part.replace(target)
        return
    try:
        os.link(part, target)  # unlike a rename, it never replaces a file
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if target.exists():
            raise FileExistsError from error
        part.rename(target)
    part.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
