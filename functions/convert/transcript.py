"""Parses ffmpeg's output: `-progress` on stdout, `-v level+info` on stderr.

Any line may be a video's own text, as ffmpeg prints names and codes of a file with their newlines. So lines are cut and
numbers are short before anything reads them, and each pattern takes time in proportion to the line.
"""

import re
from collections import deque

# Each matches at the start of a line: a tag of the video with the same text is indented further.
_DURATION = re.compile(r"\[info\]   Duration: (\d{1,6}):(\d\d):(\d\d\.\d{1,6})", re.ASCII)
_COMPLAINT = re.compile(r"(?:\[[^][@]{1,99}@ 0x[0-9a-f]{1,16}\] ){0,9}\[(?:warning|error|fatal|panic)\] (.*)")
_STREAM = re.compile(
    r"\[info\]   Stream #0:(\d{1,4}) -> #0:0 \((\w{1,40}) \(.{1,40}\) -> mp3 \(libmp3lame\)\)", re.ASCII
)
_ENCODED = re.compile(
    r"\[out#\d{1,3}/mp3 @ 0x[0-9a-f]{1,16}\] \[verbose\]   Output stream #(\d{1,3}):0 \(audio\): "
    r"\d{1,12} frames encoded \((\d{1,12}) samples\)",
    re.ASCII,
)
_OUT_TIME = re.compile(r"out_time_us=(\d{1,15})\Z", re.ASCII)

MAX_LINE_BYTES = 1024


class Lines:
    """Cuts a stream into lines, of which only the first `MAX_LINE_BYTES` are kept."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that end in `data`."""
        first, *others = data.split(b"\n")
        *lines, self._rest = [piece[:MAX_LINE_BYTES] for piece in (self._rest + first[:MAX_LINE_BYTES], *others)]
        return [line.decode(errors="replace") for line in lines]


class Transcript:
    """`duration`: the declared duration in seconds, 0 if none. `done`: seconds of MP3 so far.

    `stream` and `codec`: the index of the stream that is encoded, and what it is. `samples`: how many were encoded, by
    the output's number, if the log is verbose.
    """

    def __init__(self) -> None:
        self.duration = 0.0
        self.done = 0.0
        self.stream: int | None = None
        self.codec = ""
        self.samples: dict[int, int] = {}
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=20)
        self._stdout = Lines()
        self._stderr = Lines()

    @property
    def progress(self) -> float:
        """The progress, from 0 to 1; 0 without a duration."""
        return min(self.done / self.duration, 1.0) if self.duration else 0.0

    @property
    def complaints(self) -> list[str]:
        """The first and the last warnings and errors, as a damaged video has thousands."""
        return [*self._first, *self._last]

    def read_stdout(self, data: bytes) -> None:
        for line in self._stdout.feed(data):
            if found := _OUT_TIME.match(line):
                self.done = int(found[1]) / 1_000_000

    def read_stderr(self, data: bytes) -> None:
        for line in self._stderr.feed(data):
            if not self.duration and (found := _DURATION.match(line)):
                self.duration = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
            elif self.stream is None and (found := _STREAM.match(line)):
                self.stream, self.codec = int(found[1]), found[2]
            elif found := _ENCODED.match(line):
                self.samples[int(found[1])] = int(found[2])
            elif found := _COMPLAINT.match(line):
                (self._first if len(self._first) < 30 else self._last).append(found[1])
