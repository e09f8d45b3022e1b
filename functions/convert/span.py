"""From where to where the sound goes into the MP3, to the sample.

Times count the samples of the sound, as the whole MP3 has them. Sound before a late begin is not decoded: ffmpeg seeks,
and the timestamps of the video say which sample is the first one then. Matroska, FLV, ASF and MPEG streams round their
timestamps: where all frames of the sound have the same number of samples, each frame's time is that of the nearest
frame that can begin there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from functions.shared.job.document import Reason

NO_SUCH_PART = "no_such_part"
SEEK_FROM = 120  # seconds: decoding less takes a quarter of a second
MARGIN = 5  # seconds before the begin, in which a decoder gets into step
TAIL = 10  # seconds before the declared end of a video, in which its sound ends

# Formats whose timestamps lead to a sample, and whether they round them. AVI's do not: they are off by frames.
ROUNDS = {
    "mov,mp4,m4a,3gp,3g2,mj2": False,
    **dict.fromkeys(("ogg", "mp3", "flac", "wav", "aac"), False),
    **dict.fromkeys(("matroska,webm", "flv", "asf", "mpegts", "mpeg"), True),
}
COUNTED = "asetpts=round(N/SR/TB)"  # time counts the samples from here on; asetpts cuts fractions off


class Measure(StrEnum):
    """What a run of ffmpeg is to find out; it writes no MP3."""

    GRID = "grid"
    END = "end"
    LOUDNESS = "loudness"


@dataclass(frozen=True)
class Grid:
    """The timestamps of a sound: the `first`, the samples of the first frame, and of all others, 0 if they differ."""

    first: int = 0
    head: int = 0
    frame: int = 0

    def time(self, seek: int, start: float) -> str:
        """Return the filter by which time counts the samples of the whole sound, after a seek to so many seconds.

        From `start` on samples are counted, as the timestamps may jump; the frame that has it is found by its own.
        """
        own = f"(PTS+{seek}*SR-({self.first}))"
        if self.frame:
            off = f"({self.head}+round(({own}-{self.head})/{self.frame})*{self.frame}-{own})"
            own = f"{own}+if(lt(abs({off}),0.0015*SR),{off},0)"
        counted = f"st(1,if(ld(0),ld(1)+ld(2),{own}))"
        return f"asetpts='{counted};st(0,gt(ld(1)+NB_SAMPLES,{start:.6f}*SR));st(2,NB_SAMPLES);ld(1)'"


@dataclass(frozen=True)
class Span:
    """Seconds of the sound; `seek`: those from which on it is decoded."""

    start: float = 0
    end: float | None = None
    seek: int = 0
    grid: Grid | None = None

    def filters(self, *, counted: bool) -> list[str]:
        """Return the filters; `counted` without a seek: by the number of samples, else by timestamps."""
        times = [self.grid.time(self.seek, self.start)] if self.seek and self.grid else [COUNTED] if counted else []
        end = "" if self.end is None else f":end={self.end:.6f}"
        return [*times, f"atrim=start={self.start:.6f}{end}", COUNTED]

    @property
    def seconds(self) -> float:
        """The length, 0 if it is not known."""
        return self.end - self.start if self.end is not None else 0.0


class Ends:
    """Finds the span of one sound; `start` and `end` are in seconds, negative from the end of the sound."""

    def __init__(self, start: float | None, end: float | None) -> None:
        self.asked = start is not None or end is not None
        self._start, self._end = start or 0.0, end
        self._length: float | None = None
        self._needs_length = self._start < 0 or (end or 0) < 0
        self._grid: Grid | None = None
        self._seekable = False
        self._tail = 0  # seconds from which on the sound is decoded to find its end
        self._no_tail = False

    def lacks(self, kind: str, duration: float) -> Measure | None:
        """Return what has to be measured next in a video of ffmpeg's format `kind` with a declared `duration`."""
        self._seekable = kind in ROUNDS
        if self._length is None and (self._needs_length or self._start > duration - 1):
            far = self._far(duration - TAIL - MARGIN) and not self._no_tail
            self._tail = int(duration) - TAIL - MARGIN if far else 0
            return Measure.GRID if far and self._grid is None else Measure.END
        if self._far(self._first) and self._grid is None:
            return Measure.GRID
        return None

    def need_length(self) -> bool:
        """Let the length be measured; return whether it was not yet."""
        self._needs_length = True
        return self._length is None

    def filters(self, measure: Measure) -> tuple[int, list[str]]:
        """Return how far to seek, and the filters, for a run that measures."""
        if measure is Measure.GRID:
            return 0, ["atrim=end=1", "ashowinfo"]
        if not self._tail or self._grid is None:
            return 0, [COUNTED]
        start = self._tail + MARGIN
        return self._tail, [self._grid.time(self._tail, start), f"atrim=start={start}"]

    def measured(self, measure: Measure, kind: str, frames: Sequence[tuple[int, int]], seconds: float) -> None:
        """Take the first frames, timestamps and numbers of samples, or how many seconds passed the filters."""
        if measure is Measure.GRID:
            self._grid = _grid(frames, rounded=ROUNDS.get(kind, False))
        elif self._tail and not seconds:  # the sound ends long before the video
            self._no_tail = True
        else:
            self._length = seconds + (self._tail + MARGIN if self._tail else 0)

    @property
    def empty(self) -> bool:
        """Whether the sound was measured, and nothing of it can be decoded."""
        return self._length == 0

    def span(self) -> Span | Reason:
        """Return the span when nothing lacks, or why there is none."""
        end = None if self._end is None else self._end + (self._length or 0 if self._end < 0 else 0)
        if (self._length is not None and self._first >= self._length) or (end is not None and end <= self._first):
            return _outside(self._length)
        seek = int(self._first) - MARGIN if self._far(self._first) else 0
        return Span(self._first, end, seek, self._grid if seek else None)

    @property
    def _first(self) -> float:
        return self._start if self._start >= 0 else max(0.0, (self._length or 0) + self._start)

    def _far(self, seconds: float) -> bool:
        return self._seekable and seconds > SEEK_FROM


def _grid(frames: Sequence[tuple[int, int]], *, rounded: bool) -> Grid:
    if not frames:
        return Grid()
    (first, head), *others = frames
    sizes = {samples for _, samples in others[:-1]}  # the last one is cut
    return Grid(first, head, sizes.pop() if rounded and len(sizes) == 1 else 0)


def _outside(length: float | None) -> Reason:
    there = "" if length is None else f" The audio is {length:.3f} s long."
    return Reason(
        NO_SUCH_PART,
        f"The video has no audio between the options `start` and `end`.{there} Change or omit these options.",
    )
