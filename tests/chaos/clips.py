"""Small videos, each with sound of another length."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

CODECS = {"mp4": "aac", "mkv": "libopus", "avi": "libmp3lame", "ts": "mp2"}
LENGTHS = (3, 7, 12, 20, 33)  # seconds


@dataclass(frozen=True)
class Clip:
    """A video's bytes, its name's suffix, and the length of its sound in seconds."""

    content: bytes
    kind: str
    seconds: int

    @classmethod
    def made(cls, folder: Path, kind: str, seconds: int) -> "Clip":
        path = folder / f"{seconds}.{kind}"
        sources = ["-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=12:duration={seconds}"]
        sources += ["-f", "lavfi", "-i", f"anoisesrc=duration={seconds}:amplitude=0.2:seed={seconds}"]
        codecs = ["-c:v", "mpeg4", "-q:v", "4", "-c:a", CODECS[kind], "-ar", "48000"]
        subprocess.run(["ffmpeg", "-v", "error", *sources, *codecs, str(path)], check=True)
        return cls(path.read_bytes(), kind, seconds)


def clips(folder: Path) -> list[Clip]:
    """Return each length in each kind, made by ffmpeg: of one chunk of GridFS up to a dozen."""
    return [Clip.made(folder, kind, seconds) for seconds in LENGTHS for kind in CODECS]
