"""A ZIP archive of MP3s, made while it is sent. MP3s are stored as they are, so its size is known in advance."""

from collections.abc import Iterator
from typing import Protocol

from zipstream import ZipStream

from functions.download import names
from functions.download.library import Track


class Reader(Protocol):
    """Where the MP3s are; `functions.download.library.Library` is one."""

    def read(self, track: Track, start: int, end: int) -> Iterator[bytes]:
        """Return the MP3's bytes from `start` to before `end`."""


class Archive:
    """The archive of these MP3s, each under the name that its download has; equal names get a number.

    Memory does not grow with the MP3s: each is read when the bytes before it have been sent.
    """

    def __init__(self, tracks: list[Track], reader: Reader) -> None:
        self._stream = ZipStream(sized=True)
        files = names.unique([names.of_mp3(track.video_name) for track in tracks])
        for track, name in zip(tracks, files, strict=True):
            self._stream.add(_Content(track, reader), name, size=track.file.size)

    @property
    def size(self) -> int:
        """The size in bytes."""
        return len(self._stream)

    def read(self) -> Iterator[bytes]:
        """Yield the archive's bytes, once; raise NotFound or EOFError if an MP3 was deleted meanwhile."""
        yield from self._stream


class _Content:
    """An MP3 that is read from the store when its bytes are due, and not before."""

    def __init__(self, track: Track, reader: Reader) -> None:
        self._track = track
        self._reader = reader

    def __iter__(self) -> Iterator[bytes]:
        return self._reader.read(self._track, 0, self._track.file.size)
