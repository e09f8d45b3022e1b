"""The length of a file's sound by convert's ffmpeg, but bare: decoded samples are counted, without convert's code."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from functions.convert.binary import FFMPEG

RATE = 8000
LONGEST = 900  # seconds of decoding


def seconds(path: Path) -> float:
    """Return the decodable seconds of the audio stream that ffmpeg selects by itself; 0 for none.

    It identifies the file by many of its bytes, not by its name. One thread decodes, as
    several lose sound next to damage.
    """
    look = ["-threads", "1", "-probesize", "10M", "-analyzeduration", "10M", "-i", "file:sound"]
    words = ["-v", "quiet", "-nostdin", *look, "-vn", "-sn", "-dn", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    decode, size = ["timeout", str(LONGEST), str(FFMPEG), *words], 0
    with TemporaryDirectory() as folder:
        (Path(folder) / "sound").symlink_to(path.absolute())
        with subprocess.Popen(decode, cwd=folder, stdout=subprocess.PIPE) as ffmpeg:
            assert ffmpeg.stdout
            while block := ffmpeg.stdout.read(1 << 16):
                size += len(block)
    return size / 2 / RATE
