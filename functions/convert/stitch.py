"""Stitches the frames of several encoders, to which sound was dealt (functions.convert.deal), to those of one.

At each seam two encoders have written the same block of frames, one at the end of its segment, the other to warm up.
Some frames must be equal, else the seam does not hold; the cut is behind them. The last frames of the block are the
second encoder's, as the first one did not know what follows.
"""

from collections.abc import Callable, Generator
from itertools import cycle
from pathlib import Path

from functions.convert.deal import BLOCK_SAMPLES
from functions.convert.frames import Format

# Of the 128 frames of a block, those from WARM to SEAM have to be equal. Most encoders agree after 5, the slowest
# after 94.
WARM, SEAM = 100, 116
_READ = 1 << 18


class SeamError(Exception):
    """Two encoders wrote different frames, or a file has anything else."""


class Stream:
    """The frames of an encoder's file, which may still grow; `tag`: the first one, with ffmpeg's tag."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tag = b""
        self.form: Format | None = None
        self._frames: list[bytes] = []
        self._rest = b""
        self._place = 0

    def take(self, number: int, *, ended: bool) -> list[bytes] | None:
        """Return the next frames; None if there are fewer yet, and what is left if the file has `ended`."""
        while len(self._frames) < number and self.read():
            pass
        if len(self._frames) < number and not ended:
            return None
        taken, self._frames = self._frames[:number], self._frames[number:]
        return taken

    def read(self) -> bool:
        """Read on; return whether the file has grown."""
        if not self.path.exists():
            return False
        with self.path.open("rb") as file:
            file.seek(self._place)
            block = file.read(_READ)
        self._place += len(block)
        data = self._rest + block
        try:
            if self.form is None and len(data) >= 4:
                self.form = Format(data)
            frames, self._rest = self.form.split(data) if self.form else ([], data)
        except ValueError as error:
            raise SeamError from error
        self._frames += frames
        if not self.tag and self._frames:
            self.tag = self._frames.pop(0)
        return bool(block)


Frames = list[bytes]
Ended = Callable[[], bool]
Stitched = Generator[tuple[Stream, Frames] | None, None, None]


def stitched(streams: list[Stream], blocks: int, ended: Ended) -> Stitched:
    """Yield the frames of the whole in order, with the stream that they end in; None when the files have to grow first.

    Raises SeamError if two neighbours do not fit. `ended` says whether all encoders have ended.
    """
    form = yield from _form(streams[0], ended)
    overlap = BLOCK_SAMPLES // form.samples
    warm, seam = overlap * WARM // 128, overlap * SEAM // 128
    for stream in streams[1:]:
        yield from _take(stream, overlap, ended)  # block 0
    last, before = streams[0], list[bytes]()
    for stream in cycle(streams) if len(streams) > 1 else ():
        if before:
            after = yield from _take(stream, overlap, ended)
            if len(after) < seam:  # no segment, or one that ends before the seam
                break
            if before[warm:seam] != after[warm:seam]:
                raise SeamError("neighbours wrote different frames")
            yield stream, before[:seam] + after[seam:]
        for _ in range(blocks - 1):
            yield stream, (yield from _take(stream, overlap, ended))
        last, before = stream, (yield from _take(stream, overlap, ended))
        if not before:
            break
    yield last, before
    while frames := (yield from _take(last, overlap, ended)):
        yield last, frames


def _form(stream: Stream, ended: Ended) -> Generator[None, None, Format]:
    while stream.form is None:
        over = ended()  # before the look, which then sees all
        if not stream.read() and over:
            raise SeamError("no sound")
        yield
    return stream.form


def _take(stream: Stream, number: int, ended: Ended) -> Generator[None, None, Frames]:
    while True:
        over = ended()
        if (taken := stream.take(number, ended=over)) is not None:
            return taken
        yield
