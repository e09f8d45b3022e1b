"""Recordings that change on the way, and those with several tracks or many channels, made by ffmpeg."""

import subprocess
from hashlib import sha256
from pathlib import Path

from functions.convert.binary import FFMPEG

PICTURE = "-f lavfi -i testsrc2=size=96x64:rate=25:duration=3"


def tone(hertz: int = 440, seconds: float = 3) -> str:
    return f"-f lavfi -i sine={hertz}:duration={seconds}"


def channels(expressions: str, layout: str, seconds: float = 3) -> str:
    """Return words for sound at 48 kHz, of one expression a channel."""
    return f"-f lavfi -i aevalsrc={expressions}:s=48000:d={seconds}:c={layout}"


class Recordings:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, name: str, words: str) -> Path:
        """Make a file by ffmpeg, unless there is one of this name and these words."""
        folder = self._folder / sha256(words.encode()).hexdigest()[:12]
        folder.mkdir(exist_ok=True)
        path = folder / name
        if not path.exists():
            subprocess.run([FFMPEG, "-v", "error", "-nostdin", *words.split(), path], check=True)
        return path

    def piece(self, name: str, sound: str = "") -> Path:
        """Make 3 s of a recording with a picture and, if any, this sound."""
        inputs, codec, words = sound.partition(" -c:a ")
        picture = "flv1" if name.endswith("flv") else "mpeg2video"
        return self.make(name, f"{PICTURE} {inputs} -c:v {picture}{codec}{words}")

    def join(self, name: str, *pieces: Path) -> Path:
        return self.bytes(name, b"".join(piece.read_bytes() for piece in pieces))

    def bytes(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path
