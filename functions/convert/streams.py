"""The audio streams of a video, as ffmpeg describes them in its log.

A line is like `  Stream #0:1[0x101](deu): Audio: ac3, 48000 Hz, 5.1(side), fltp, 448 kb/s (default) (visual impaired)`,
without rate and layout if no packet of the stream was found while ffmpeg looked for them.
"""

import re
from dataclasses import dataclass

_STREAM = re.compile(
    r"\[info\]   Stream #(\d{1,3}):(\d{1,6})(?:\[0x[0-9a-f]{1,8}\])?(?:\((.{1,99}?)\))?: Audio: (\w{1,40})(.*)"
)
_SOUND = re.compile(r", (\d{1,7}) Hz, ([^,]{1,300})", re.ASCII)
_FLAG = re.compile(r"\((default|comment|hearing impaired|visual impaired)\)")
_UNNAMED = re.compile(r"(\d{1,4}) channels?\b", re.ASCII)
_POINTS = re.compile(r"\d{1,2}(?:\.\d{1,2})+", re.ASCII)
_AMBISONIC = re.compile(r"ambisonic (\d{1,2})", re.ASCII)
UNKNOWN = "und"  # language
IMPAIRED = {"visual impaired", "hearing impaired", "comment"}  # flags
_NAMED = {"mono": 1, "stereo": 2, "downmix": 2, "binaural": 2, "quad": 4, "hexagonal": 6, "octagonal": 8, "cube": 8}


@dataclass(frozen=True)
class Layout:
    """A sample rate in Hz and ffmpeg's name of a channel layout, such as `5.1(side)` or `12 channels`."""

    rate: int
    name: str

    @property
    def channels(self) -> int:
        """The number of channels; 16 for a name that is not known."""
        if found := _UNNAMED.match(self.name):
            return int(found[1])
        if found := _AMBISONIC.match(self.name):
            return (int(found[1]) + 1) ** 2
        if found := _POINTS.match(self.name):
            return sum(map(int, found[0].split(".")))
        return _NAMED.get(self.name.partition("(")[0], 16)

    @property
    def labelled(self) -> bool:
        """Whether the channels have names: `6 channels` has none, `5.1` and `6 channels (FL+FR+…)` have."""
        return not _UNNAMED.fullmatch(self.name)


@dataclass(frozen=True)
class Stream:
    """One audio stream of input number `part`; `layout` is None if ffmpeg found no packet of it yet."""

    part: int
    index: int
    codec: str
    language: str
    flags: frozenset[str]
    layout: Layout | None

    @property
    def key(self) -> tuple[int, int]:
        return self.part, self.index

    @property
    def channels(self) -> int:
        return self.layout.channels if self.layout else 0

    def alike(self, other: "Stream") -> bool:
        """Whether the two may be two channels of one sound: of the same form, in the same language."""
        return (self.codec, self.layout, self.language) == (other.codec, other.layout, other.language) and (
            self.flags - {"default"} == other.flags - {"default"}
        )


def parse(line: str) -> Stream | None:
    """Return the audio stream that a line of ffmpeg's description of an input has, if it has one."""
    if not (found := _STREAM.match(line)):
        return None
    sound = _SOUND.search(found[5])
    return Stream(
        part=int(found[1]),
        index=int(found[2]),
        codec=found[4],
        language=found[3] or UNKNOWN,
        flags=frozenset(_FLAG.findall(found[5])),
        layout=Layout(int(sound[1]), _FLAG.sub("", sound[2]).strip()) if sound else None,
    )
