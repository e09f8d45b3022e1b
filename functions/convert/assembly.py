"""Makes one MP3 from the files of several encoders while ffmpeg writes them."""

from pathlib import Path

from functions.convert.command import MAX_SOUND_SECONDS
from functions.convert.layout import Layout
from functions.convert.stitch import SeamError, Stream, stitched

MAX_SCRATCH_BYTES = 5 << 30  # of the video, the encoders' files and the MP3


class TooLongError(Exception):
    """There is more sound than an MP3 may have."""


class Assembly:
    """`seconds`: of the MP3 so far."""

    def __init__(self, parts: list[Path], mp3: Path, blocks: int, spare: int) -> None:
        """Let the MP3, and the encoders' `parts`, have `spare` bytes each."""
        self.seconds = 0.0
        self._ended = False
        self._streams = [Stream(part) for part in parts]
        self._stitched = stitched(self._streams, blocks, lambda: self._ended)
        self._layout: Layout | None = None
        self._last = self._streams[0]
        self._spare = spare
        self._file = mp3.open("wb")

    def go_on(self) -> None:
        """Take what the encoders have written meanwhile.

        Raises SeamError if it cannot be stitched, TooLongError if there is too much.
        """
        for found in self._stitched:
            if found is None:
                return
            self._add(*found)

    def end(self, samples: list[int]) -> None:
        """Take the rest, and write the tag; `samples` are the numbers that the encoders got."""
        self._ended = True
        self.go_on()
        if self._layout is None or len(samples) != len(self._streams):
            raise SeamError("no sound")
        self._file.write(self._layout.end())
        self._file.seek(0)
        with self._last.path.open("rb") as file:  # again: ffmpeg has completed the tag at the end
            tag = file.read(len(self._last.tag))
        self._file.write(self._layout.tag(tag, samples[self._streams.index(self._last)]))
        self._file.close()

    def close(self) -> None:
        self._file.close()

    def _add(self, stream: Stream, frames: list[bytes]) -> None:
        form = stream.form
        if form is None:
            raise SeamError("no sound")
        if self._layout is None:
            self._layout = Layout(form)
            self._file.write(bytes(len(stream.tag)))
        self._last = stream
        self._file.write(self._layout.add(frames))
        self.seconds = self._layout.frames * form.samples / form.rate
        if self.seconds > MAX_SOUND_SECONDS + 1:
            raise TooLongError
        if self._layout.length > self._spare:
            raise SeamError("no space")
