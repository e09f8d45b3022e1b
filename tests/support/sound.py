"""Decoding of MP3s."""

import subprocess


def seconds_of(mp3: bytes) -> float:
    """Decode all of the MP3 without an error; return its length in seconds."""
    decode = ["ffmpeg", "-v", "error", "-xerror", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", "8000", "-"]
    decoded = subprocess.run(decode, input=mp3, capture_output=True, check=False)
    assert decoded.returncode == 0, decoded.stderr
    return len(decoded.stdout) / 2 / 8000
