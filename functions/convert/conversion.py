"""One attempt at one job, from the stored video to the stored MP3."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from functions.convert import tags, verdict
from functions.convert.encoder import Encoder
from functions.convert.scratch import Room, Scratch
from functions.shared.job.conversions import Attempt, Lost
from functions.shared.job.document import Mp3, Reason
from functions.shared.media import Bucket, File

BLOCK = 1 << 20


class Conversion:
    def __init__(self, videos: Bucket, mp3s: Bucket, scratch: Scratch, encoder: Encoder) -> None:
        self._videos = videos
        self._mp3s = mp3s
        self._scratch = scratch
        self._encoder = encoder

    def run(self, attempt: Attempt) -> Mp3 | Reason:
        """End the job with its MP3 or, by the video's own fault, a reason; return which.

        Raises OSError when neither store nor video is to blame, Lost when the job is gone or another's.
        """
        beat = at_most_once_a_second(attempt.renew)
        video = self._videos.find(attempt.job.id)
        if video is None:
            return _fail(attempt, verdict.MISSING)
        with self._scratch.room(video.size) as room:
            if not self._fetch(video, room.video, beat):
                return _fail(attempt, verdict.MISSING)
            made = self._encoder.encode(room, beat)
            if isinstance(made, Reason):
                return _fail(attempt, made)
            file = self._store(room, beat)
        mp3 = Mp3(file.id, file.size, round(made, 3))
        try:
            attempt.commit(mp3)
        except Lost:
            self._mp3s.delete(file.id)
            raise
        return mp3

    def _fetch(self, video: File, target: Path, beat: Callable[[float], None]) -> bool:
        with target.open("wb", buffering=0) as file, suppress(EOFError):
            for chunk in self._videos.read(video):
                file.write(chunk)
                beat(0)
            return True
        return False

    def _store(self, room: Room, beat: Callable[[float], None]) -> File:
        with room.tags.open(errors="replace") as head:
            kept = tags.read(head.read(1 << 16))
        with self._mp3s.writer() as writer:
            writer.write(tags.id3(kept))
            for block in _blocks(room.mp3):
                writer.write(block)
                beat(1)
            return writer.commit()


def _fail(attempt: Attempt, reason: Reason) -> Reason:
    attempt.fail(reason)
    return reason


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            yield block


def at_most_once_a_second(call: Callable[[float], None]) -> Callable[[float], None]:
    """Return `call` that passes over what comes within a second of its last, or of now."""
    last = time.monotonic()

    def beat(value: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= 1:
            last = now
            call(value)

    return beat
