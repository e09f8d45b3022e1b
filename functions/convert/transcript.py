"""Parses ffmpeg's output: `-progress` on stdout, `-v level+verbose` on stderr.

Any line may be a video's own text, as ffmpeg prints names and codes of a file with their newlines. So lines are cut and
numbers are short before anything reads them, and each pattern takes time in proportion to the line.
"""

import re
from collections import defaultdict, deque

from functions.convert import streams
from functions.convert.streams import Layout, Stream

# Each matches at the start of a line: a tag of the video with the same text is indented further.
_DURATION = re.compile(
    r"\[info\]   Duration: (\d{1,6}):(\d\d):(\d\d\.\d{1,6})(?:, start: (-?\d{1,9}\.\d{1,6}))?", re.ASCII
)
_INPUT = re.compile(r"\[info\] Input #\d{1,3}, ([\w,]{1,99}), from ", re.ASCII)
_BRAND = re.compile(r"\[info\]     major_brand     : (.{1,8})")
# The input of a filter graph, each time the graph is configured for it.
_HEARD = re.compile(
    r"\[graph_-?\d{1,3}_in_(\d{1,3}):(\d{1,6}) @ 0x[0-9a-f]{1,16}\] \[verbose\] "
    r".{1,99} samplerate:(\d{1,7}) chlayout:(.{1,300})",
    re.ASCII,
)
_DECODED = re.compile(
    r"\[in#\d.{1,99}\[verbose\]   Input stream #.{1,99} frames decoded; (\d{1,9}) decode errors", re.ASCII
)
_COMPLAINT = re.compile(r"(?:\[[^][@]{1,99}@ 0x[0-9a-f]{1,16}\] ){0,9}\[(?:warning|error|fatal|panic)\] (.*)")
_ENCODED = re.compile(
    r"\[out#\d{1,3}/\w{1,20} @ 0x[0-9a-f]{1,16}\] \[verbose\]   Output stream #(\d{1,3}):0 \(audio\): "
    r"\d{1,12} frames encoded \((\d{1,12}) samples\)",
    re.ASCII,
)
_FRAME = re.compile(
    r"\[Parsed_ashowinfo_\d{1,3} @ 0x[0-9a-f]{1,16}\] \[info\] n: *\d{1,9} pts: *(-?\d{1,18}) "
    r".{1,300} nb_samples:(\d{1,9}) ",
    re.ASCII,
)
_PICTURE = re.compile(r"\[info\]   Stream #0:(\d{1,6})[^ ]{0,99}: Video: (?:mjpeg|png)\b.*\(attached pic\)")
# Of the meter's summary.
_LOUDNESS = re.compile(r"    I: {1,20}(-?\d{1,3}\.\d) LUFS", re.ASCII)
_PEAK = re.compile(r"    Peak: {1,20}(-?\d{1,3}\.\d) dBFS", re.ASCII)
_OUT_TIME = re.compile(r"out_time_us=(\d{1,15})\Z", re.ASCII)

MAX_LINE_BYTES = 1024
MAX_STREAMS, MAX_LAYOUTS = 1000, 100  # audio streams that are looked at, forms of the sound of one
MAX_FRAMES = 1000
LOWEST = -100.0  # dBFS: ffmpeg's meter writes "-inf" for silence


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
    """What ffmpeg has said so far.

    `duration`: the declared duration of all inputs in seconds, 0 if none. `start`: the lowest timestamp of the last
    input in seconds. `done`: seconds of MP3 so far.
    `format`: ffmpeg's name of the first input's format, empty if it was not recognised; `brand`: that of a film of the
    MP4 family. `streams`: the audio streams, complete when `listed`. `heard`: the layouts that were decoded. `errors`:
    packets that were not decoded, known at the end. `ignored`: audio streams that came after the list. `stopped`:
    whether ffmpeg could not read the file to its end. `samples`: how many were encoded, by the output's number, known
    at the end. `picture`: the index of the first attached JPEG or PNG. Of a run that measures: `frames`, timestamp and
    number of samples of each, `loudness` in LUFS, and `peak` in dBFS.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        """Count progress by so many `seconds` of MP3; by the declared duration if nobody knows them."""
        self._seconds = seconds
        self.duration = self.start = 0.0
        self.done = 0.0
        self.format = ""
        self.brand = ""
        self.listed = False
        self.streams: list[Stream] = []
        self.heard: defaultdict[tuple[int, int], set[Layout]] = defaultdict(set)
        self.errors = 0
        self.ignored = 0
        self.stopped = False
        self.samples: dict[int, int] = {}
        self.picture: int | None = None
        self.frames: list[tuple[int, int]] = []
        self.loudness = self.peak = LOWEST
        self._time = 0.0  # of the filter graph, which begins again when the sound changes its form
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=20)
        self._stdout = Lines()
        self._stderr = Lines()

    def progress(self, seconds: float) -> float:
        """Return which share of the MP3 so many seconds are, from 0 to 1; 0 if its length is not known."""
        whole = self._seconds or self.duration
        return min(seconds / whole, 1.0) if whole else 0.0

    @property
    def complaints(self) -> list[str]:
        """The first and the last warnings and errors, as a damaged video has thousands."""
        return [*self._first, *self._last]

    def read_stdout(self, data: bytes) -> None:
        for line in self._stdout.feed(data):
            if found := _OUT_TIME.match(line):
                time = int(found[1]) / 1_000_000
                self.done += time if time < self._time else time - self._time
                self._time = time

    def read_stderr(self, data: bytes) -> None:
        for line in self._stderr.feed(data):
            if found := _COMPLAINT.match(line):
                (self._first if len(self._first) < 30 else self._last).append(found[1])
                self.ignored += found[1].startswith("New audio stream with index ")
                self.stopped |= found[1].startswith("Error during demuxing: ")
            elif self.listed:
                self._hear(line)
            else:
                self._list(line)

    def _list(self, line: str) -> None:
        if found := _DURATION.match(line):
            self.duration += int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
            self.start = float(found[4] or 0)
        elif found := _INPUT.match(line):
            self.format = self.format or found[1]
        elif stream := streams.parse(line):
            if len(self.streams) < MAX_STREAMS:
                self.streams.append(stream)
        elif line.startswith("[info] Stream mapping:"):
            self.listed = True
        elif found := _PICTURE.match(line):
            self.picture = int(found[1]) if self.picture is None else self.picture
        elif found := _BRAND.match(line):
            self.brand = self.brand or found[1].strip()

    def _hear(self, line: str) -> None:
        if found := _HEARD.match(line):
            layouts = self.heard[int(found[1]), int(found[2])]
            if len(layouts) < MAX_LAYOUTS:
                layouts.add(Layout(int(found[3]), found[4]))
        elif found := _DECODED.match(line):
            self.errors += int(found[1])
        elif found := _ENCODED.match(line):
            self.samples[int(found[1])] = int(found[2])
        elif found := _FRAME.match(line):
            if len(self.frames) < MAX_FRAMES:
                self.frames.append((int(found[1]), int(found[2])))
        elif found := _LOUDNESS.match(line):
            self.loudness = float(found[1])
        elif found := _PEAK.match(line):
            self.peak = float(found[1])
