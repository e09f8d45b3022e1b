"""Makes the whole files by ffmpeg, the same at each run."""

import subprocess
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.corpus import kinds
from tests.support.bits import noise

EXACT = "-strict -2 -fflags +bitexact -flags:a +bitexact -flags:v +bitexact"
AMR = {"nb.amr": (b"#!AMR\n", b"\x3c", 31), "wb.amr": (b"#!AMR-WB\n", b"\x44", 60)}  # head, a frame's first byte, rest
SUBTITLES = "1\n00:00:00,000 --> 00:00:02,000\nnoise\n"


@dataclass(frozen=True)
class Whole:
    """A file called `name`, made by ffmpeg with the arguments `words`; `sound`: whether it has any."""

    name: str
    words: str
    sound: bool = True

    def make(self, folder: Path) -> None:
        words = f"{self.words.format(folder=folder)} {EXACT} {folder / self.name}".split()
        subprocess.run(["ffmpeg", "-v", "fatal", "-nostdin", "-y", *words], check=True)


def wholes() -> Iterator[Whole]:
    for kind, codecs in kinds.CODECS.items():
        for codec in codecs.split():
            name = f"{codec}.{kind}"
            yield Whole(name, f"{_sound(name)} -c:a {codec} {kinds.TAKES.get(codec, '-ar 48000 -ac 2')}")
    for name, words in kinds.FILMS.items():
        yield Whole(name, f"{_sound(name)} {kinds.PICTURE} {words}")
    for name, codec in kinds.LATE.items():
        yield Whole(name, f"-itsoffset 0.7 {_sound(name)} {kinds.PICTURE} -c:v mpeg4 -c:a {codec}")
    for name, codec in kinds.HOLE.items():
        yield Whole(name, rf"{_sound(name)} -af asetpts=PTS+gte(T\,0.5)*2/TB -c:a {codec}")
    for name, words in kinds.FORMS.items():
        yield Whole(name, f"{_sound(name)} {words}")
    for kind, seconds in kinds.BRIEF.items():
        yield Whole(f"brief.{kind}", _noise(seconds))
    for kind, words in kinds.MUTE.items():
        yield Whole(f"mute.{kind}", f"{kinds.PICTURE} {words}", sound=False)
    for name, source in kinds.SPEECH.items():
        yield Whole(name, f"-i {{folder}}/of-{source} -c copy")


def make(folder: Path, files: list[Whole]) -> None:
    """Make these files in the folder, two at a time."""
    (folder / "subtitles.srt").write_text(SUBTITLES)
    for name, (head, first, rest) in AMR.items():
        frames = (first + noise(rest, number) for number in range(80))  # 20 ms each
        (folder / f"of-{name}").write_bytes(head + b"".join(frames))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda file: file.make(folder), files))


def _sound(name: str) -> str:
    """Return sound whose length follows from the name's checksum, so that MP3s cannot be confused."""
    return _noise(1 + zlib.crc32(name.encode()) % 150 / 100)


def _noise(seconds: float) -> str:
    return f"-f lavfi -i anoisesrc=duration={seconds:.2f}:seed=1:amplitude=0.3:sample_rate=48000"
