"""What the caller's options ask of the MP3, in the numbers that filters and the encoder take."""

from dataclasses import dataclass
from typing import Self

from functions.shared.job.options import BITRATES, MAX_LOW_KBPS, Options

DEFAULT_VBR = 2
MPEG_1_RATE = 32_000  # Hz, the lowest
_CHANNELS = {"mono": 1, "stereo": 2}


@dataclass(frozen=True)
class Wanted:
    """`kbps` of a constant bitrate, 0 for VBR of the quality `vbr`; `channels` and `rate` (Hz): 0 for the sound's own.

    `start` and `end` are in seconds, negative from the end; `loudness` is in LUFS. `sound`: whether anything but the
    encoder's own defaults is asked of the sound, so that MP3 cannot be copied.
    """

    kbps: int = 0
    vbr: int = DEFAULT_VBR
    channels: int = 0
    rate: int = 0
    start: float | None = None
    end: float | None = None
    loudness: float | None = None
    track: str | None = None
    sound: bool = False

    @classmethod
    def of(cls, options: Options) -> Self:
        quality, rate = options.quality or "source", options.sample_rate or "source"
        shape = options.channels, options.sample_rate, options.start, options.end, options.loudness
        return cls(
            kbps=int(quality[:-1]) if quality in BITRATES else 0,
            vbr=int(quality) if quality.isdecimal() else DEFAULT_VBR,
            channels=_CHANNELS.get(options.channels or "", 0),
            rate=int(rate) if rate.isdecimal() else 0,
            start=_number(options.start),
            end=_number(options.end),
            loudness=_number(options.loudness),
            track=options.track,
            sound=quality != "source" or any(value not in {None, "source"} for value in shape),
        )

    def sample_rate(self, own: int) -> int:
        """Return the MP3's sample rate for sound that would have the rate `own`; high bitrates need MPEG-1's."""
        rate = self.rate or own
        return rate * 2 if self.kbps > MAX_LOW_KBPS and rate < MPEG_1_RATE else rate

    @property
    def encoding(self) -> tuple[str, str | int]:
        """The encoder's option for the quality, in ffmpeg's words."""
        return ("b:a", f"{self.kbps}k") if self.kbps else ("q:a", self.vbr)


def _number(word: str | None) -> float | None:
    return None if word is None else float(word)


ANYTHING = Wanted()
