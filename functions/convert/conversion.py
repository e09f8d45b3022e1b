"""One attempt at one job, from the stored video to the committed MP3."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from functions.convert import verdict
from functions.convert.encoder import Encoded
from functions.convert.scratch import Scratch, Workspace
from functions.shared.job.conversions import STORAGE_FULL, Attempt, LeaseLost
from functions.shared.job.document import Job, Mp3, Reason
from functions.shared.job.options import Options
from functions.shared.media import Bucket, File

BLOCK = 1 << 20
HEARTBEAT_INTERVAL = timedelta(seconds=1)

Heartbeat = Callable[[float], None]


class VideoEncoder(Protocol):
    """Makes the MP3 of one video; `functions.convert.encoder.Encoder` is one."""

    def encode(
        self, workspace: Workspace, options: Options, heartbeat: Heartbeat, spent: Callable[[float], None]
    ) -> Encoded | Reason:
        """Write the workspace's MP3; return what is known about it, or the reason why there is none."""


class Conversion:
    def __init__(
        self,
        videos: Bucket,
        mp3s: Bucket,
        scratch: Scratch,
        encoder: VideoEncoder,
        heartbeat_interval: timedelta = HEARTBEAT_INTERVAL,
    ) -> None:
        self._videos = videos
        self._mp3s = mp3s
        self._scratch = scratch
        self._encoder = encoder
        self._heartbeat_interval = heartbeat_interval

    def run(self, attempt: Attempt) -> Job:
        """End the job with its MP3 or, because of the file, with a reason; return the ended job.

        Raises OSError if neither MongoDB nor the file is at fault, LeaseLost if the job is not this attempt's any more,
        and pymongo's error if MongoDB is away. Nothing of the attempt is left in the scratch folder or in `mp3s`.
        """
        try:
            return self._run(attempt)
        finally:
            attempt.charge()

    def _run(self, attempt: Attempt) -> Job:
        heartbeat = at_intervals(self._heartbeat_interval, attempt.renew)
        with self._scratch.workspace(attempt.job.size) as workspace:
            if not self._fetch(attempt.job, workspace.video, heartbeat):
                return attempt.fail(verdict.MISSING, video_stored=False)
            encoded = self._encoder.encode(workspace, attempt.job.options, heartbeat, attempt.spend)
            if isinstance(encoded, Reason):
                return attempt.fail(encoded)
            if not attempt.reserve(len(encoded.tag) + workspace.mp3.stat().st_size):
                return attempt.fail(STORAGE_FULL)
            file = self._store(workspace, encoded.tag, heartbeat)
        try:
            mp3 = Mp3(file.id, file.size, round(encoded.seconds, 3))
            return attempt.commit(mp3, incomplete=encoded.incomplete)
        except LeaseLost:
            self._mp3s.delete(file.id, file.size)
            raise

    def _fetch(self, job: Job, target: Path, heartbeat: Heartbeat) -> bool:
        video = File(job.video, job.size, job.created)  # what its file document says too
        with target.open("wb", buffering=0) as file, suppress(EOFError):
            for chunk in self._videos.read(video):
                file.write(chunk)
                heartbeat(0)
            return True
        return False

    def _store(self, workspace: Workspace, tag: bytes, heartbeat: Heartbeat) -> File:
        with self._mp3s.writer() as writer:
            writer.write(tag)
            for block in _blocks(workspace.mp3):
                writer.write(block)
                heartbeat(1)
            return writer.commit()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            yield block


def at_intervals(interval: timedelta, call: Heartbeat) -> Heartbeat:
    """Return `call` that ignores every call within `interval` of the last one that was passed on, or of now."""
    seconds, last = interval.total_seconds(), time.monotonic()

    def heartbeat(progress: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            call(progress)

    return heartbeat
