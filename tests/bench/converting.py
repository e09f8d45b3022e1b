"""The rows about conversions: from POST to mail, beside a plain ffmpeg command on the same machine.

Two ffmpegs are the measure: Debian's, which people type, and the static one that convert has.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from functions.convert.binary import FFMPEG
from tests.bench.measure import Bare, Spread, rounds
from tests.bench.row import Row
from tests.bench.system import System
from tests.support.processes import MIB

Side = Callable[[], float]


class Converting:
    def __init__(self, system: System) -> None:
        self._system = system
        self._debian = Bare("ffmpeg", system.folder)
        self._static = Bare(str(FFMPEG), system.folder)

    def short_clip(self, clip: Path) -> Iterator[Row]:
        found = rounds(9, *self._sides(clip))
        what = "10 s clip, POST to mail"
        debian, static = (Spread.of([seconds[side] for seconds in found]) for side in (1, 2))
        ratio = Spread.of([ours / theirs for ours, theirs, _ in found])
        yield Row(what, f"Debian's ffmpeg, {debian} s", "at most 1.0 times", f"{ratio} times", ratio.median <= 1)
        more = Spread.of([ours - theirs for ours, _, theirs in found])
        yield Row(what, f"static ffmpeg, {static} s", "at most 0.10 s more", f"{more} s more", more.median <= 0.10)

    def long_clip(self, clip: Path) -> Iterator[Row]:
        found = rounds(5, *self._sides(clip))
        what = f"10 min of 720p ({clip.stat().st_size / MIB:.0f} MiB), POST to mail"
        for side, name, goal in ((1, "Debian's ffmpeg", 0.8), (2, "static ffmpeg", 0.95)):
            yield _times(what, name, goal, [(seconds[0], seconds[side]) for seconds in found])

    def two_clips(self, clip: Path) -> Iterator[Row]:
        videos = [clip] * 2
        found = rounds(3, lambda: self._system.to_mail(*videos, at_once=2), lambda: self._debian.seconds(*videos))
        yield _times("two of them at once, until the last mail", "Debian's ffmpeg, two at once", 1.1, found)

    def many_clips(self, clip: Path) -> Iterator[Row]:
        videos = [clip] * 30
        found = rounds(5, lambda: self._system.to_mail(*videos, at_once=8), lambda: self._debian.seconds(*videos))
        what = "30 clips of 10 s, 8 uploads at once, until the last mail (none lost)"
        yield _times(what, "Debian's ffmpeg, two at a time", 1.0, found)

    def mp3_sound(self, clip: Path) -> Iterator[Row]:
        copy = Bare(str(FFMPEG), self._system.folder, ("-c:a", "copy"))
        found = rounds(5, lambda: self._system.to_mail(clip), lambda: copy.seconds(clip))
        what = f"10 min of 720p with MP3 sound ({clip.stat().st_size / MIB:.0f} MiB), POST to mail"
        yield _times(what, "static ffmpeg, `-c:a copy`", 3, found)

    def five_hours(self, clip: Path) -> Iterator[Row]:
        found = rounds(2, lambda: self._system.to_mail(clip), lambda: self._debian.seconds(clip), warm=False)
        what = f"5 h of sound ({clip.stat().st_size / MIB:.0f} MiB), POST to mail"
        yield _times(what, "Debian's ffmpeg", 0.6, found)

    def part(self, film: Path, alone: Path) -> Iterator[Row]:
        found = rounds(
            5, lambda: self._system.to_mail(film, start="5400", end="5520"), lambda: self._system.to_mail(alone)
        )
        more = Spread.of([ours - theirs for ours, theirs in found])
        theirs = Spread.of([theirs for _, theirs in found])
        what = f"2 min out of 2 h ({film.stat().st_size / MIB:.0f} MiB), POST to mail"
        yield Row(what, f"the 2 min alone, {theirs} s", "at most 2 s more", f"{more} s more", more.median <= 2)

    def loudness(self, clip: Path) -> Iterator[Row]:
        found = rounds(5, lambda: self._system.to_mail(clip, loudness="-16"), lambda: self._system.to_mail(clip))
        yield _times("10 min of 720p with `loudness=-16`, POST to mail", "without it", 1.2, found)

    def constant(self, clip: Path) -> Iterator[Row]:
        bare = Bare(str(FFMPEG), self._system.folder, ("-c:a", "libmp3lame", "-b:a", "192k"))
        found = rounds(3, lambda: self._system.to_mail(clip, quality="192k"), lambda: bare.seconds(clip))
        yield _times("10 min of 720p with `quality=192k`, POST to mail", "static ffmpeg, `-b:a 192k`", 1.2, found)

    def _sides(self, clip: Path) -> tuple[Side, Side, Side]:
        return (
            lambda: self._system.to_mail(clip),
            lambda: self._debian.seconds(clip),
            lambda: self._static.seconds(clip),
        )


def _times(what: str, against: str, goal: float, found: list[tuple[float, ...]]) -> Row:
    ratio = Spread.of([ours / theirs for ours, theirs in found])
    theirs = Spread.of([theirs for _, theirs in found])
    return Row(what, f"{against}, {theirs} s", f"at most {goal} times", f"{ratio} times", ratio.median <= goal)
