"""How long a file sounds to bare ffmpeg: the samples that it decodes, counted; nothing of convert's is used."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

RATE = 8000
LONGEST = 900  # seconds of decoding


def seconds(path: Path) -> float:
    """Return the seconds of the audio stream that ffmpeg takes by itself, as far as it can be decoded; 0 for none.

    It goes by the bytes, not by the file's name, and looks at many before it says what they are. One thread decodes, as
    several lose sound beside what is damaged.
    """
    look = ["-threads", "1", "-probesize", "10M", "-analyzeduration", "10M", "-i", "file:sound"]
    words = ["-v", "quiet", "-nostdin", *look, "-vn", "-sn", "-dn", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    decode, size = ["timeout", str(LONGEST), "ffmpeg", *words], 0
    with TemporaryDirectory() as folder:
        (Path(folder) / "sound").symlink_to(path.absolute())
        with subprocess.Popen(decode, cwd=folder, stdout=subprocess.PIPE) as ffmpeg:
            assert ffmpeg.stdout
            while block := ffmpeg.stdout.read(1 << 16):
                size += len(block)
    return size / 2 / RATE
