"""The gain that gives the MP3 a loudness: measured by EBU R128, then one gain for all of it, and a limiter if needed.

The limiter works at twice the sample rate, as a peak may be between two samples, and 1 dB below the limit, which MP3
adds to music. It also takes some loudness away, so what it leaves is measured again, and the gain corrected. Few
bits and a limiter at work change more than that: then the MP3 itself is measured, and made again if it is off.

https://tech.ebu.ch/docs/r/r128.pdf, https://ffmpeg.org/ffmpeg-filters.html#ebur128-1
"""

from functions.convert.mix import limit, limiter
from functions.convert.wanted import ANYTHING, Wanted

METER = "ebur128=peak={}:framelog=quiet,aselect=0"  # the sound itself is not needed any more
MAX_PEAK = -1.0  # dBTP
CEILING = -2.0  # dBFS
UNLIMITED = -3.0  # dBFS: samples below it need no limiter
NEAR = 0.1  # LU, of the sound
NEAR_MP3 = 0.3  # LU
MAX_CORRECTIONS, MAX_CHECKS = 3, 2
MAX_CHECKED_SECONDS = 3600  # a longer MP3 would take too long to make again
GOOD_KBPS, GOOD_VBR = 128, 4  # MP3s of fewer bits lose high tones
MAX_LIMITED = 20.0  # dB more than the gain without a limiter: beyond it, nothing gets louder
SILENCE = -70.0  # LUFS: the meter's lowest, also for less than 0.4 s


class Gain:
    """`known`: whether the gain has been found; there is none to find if no loudness is wanted."""

    def __init__(self, wanted: Wanted) -> None:
        self.known = wanted.loudness is None
        self._wanted = self._target = wanted.loudness or 0.0
        self._ceiling = CEILING
        self._gain: float | None = None
        self._most = 0.0
        self._limits = False
        self._tries: list[tuple[float, float]] = []  # gains and what they gave
        self._few_bits = wanted.kbps < GOOD_KBPS if wanted.kbps else wanted.vbr > GOOD_VBR
        self._checks = 0

    def filters(self, rate: int) -> list[str]:
        """Return the filters, at this sample rate, by what is known so far."""
        if not self._gain:
            return []
        gain = f"volume={self._gain:.2f}dB:precision=float"
        if not self._limits:
            return [gain]
        # To measure, a limiter at the rate of the sound itself will do, which takes a fifth of the time.
        return [gain, *limiter(self._ceiling, rate)] if self.known else [gain, limit(self._ceiling)]

    def measured(self, loudness: float, peak: float) -> None:
        """Take what the sound has with the filters so far: integrated loudness in LUFS, sample peak in dBFS."""
        if self._gain is None:
            self._gain = self._target - loudness if loudness > SILENCE else 0.0
            self._most = self._gain + MAX_LIMITED
            self._limits = peak + self._gain > UNLIMITED
            self.known = not self._limits or not self._gain
            return
        self._tries.append((self._gain, loudness))
        self.known = abs(self._target - loudness) <= NEAR or len(self._tries) > MAX_CORRECTIONS
        if not self.known:
            before, self._gain = self._gain, min(self._gain + (self._target - loudness) * self._slope(), self._most)
            self.known = before == self._gain

    def has_to_check(self, seconds: float) -> bool:
        """Return whether an MP3 of so many seconds has to be measured too."""
        changed = bool(self._gain) and (self._limits or self._few_bits)
        return changed and self._checks < MAX_CHECKS and seconds <= MAX_CHECKED_SECONDS

    def checked(self, loudness: float, peak: float) -> bool:
        """Take the integrated loudness and the true peak of the MP3; return whether it has to be made again."""
        self._checks += 1
        off, over = self._wanted - loudness, peak - MAX_PEAK
        if abs(off) <= NEAR_MP3 and over <= 0:
            return False
        self._target += off
        self._ceiling -= over + 0.4 if over > 0 else 0
        self._limits |= over > 0
        self._tries.clear()
        self.known = False
        return True

    def _slope(self) -> float:
        """Return how much gain a unit of loudness takes, by the last two tries."""
        if len(self._tries) < 2:
            return 1.0
        (gain, loudness), (more, louder) = self._tries[-2:]
        return min(max((more - gain) / (louder - loudness), 1.0), 6.0) if louder != loudness else 6.0


NO_GAIN = Gain(ANYTHING)
