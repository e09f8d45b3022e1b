"""The videos that the benchmark converts, made once by ffmpeg and kept in one folder."""

import subprocess
from pathlib import Path

# Speech-like: a pure tone is too easy for an encoder.
AUDIO = "aevalsrc=exprs='0.3*sin(2*PI*(220+80*sin(2*PI*0.7*t))*t)+0.1*random(0)':s=44100:c=stereo:d={seconds}"


ULTRAFAST = ["-c:v", "libx264", "-preset", "ultrafast"]
AAC = ["-c:a", "aac", "-b:a", "128k"]


def ten_seconds(folder: Path) -> Path:
    """10 s of 640x360, H.264 and AAC."""
    return _made(folder / "ten-seconds.mp4", [*_source(10, "640x360"), *ULTRAFAST, *AAC])


def ten_minutes(folder: Path) -> Path:
    """10 min of 720p, H.264 at 2.5 Mbit/s, as video sites serve it, and AAC."""
    rate = ["-b:v", "2500k", "-maxrate", "2500k", "-bufsize", "5000k"]
    return _made(folder / "ten-minutes-720p.mp4", [*_source(600, "1280x720"), *ULTRAFAST, *rate, *AAC])


def mp3_sound(folder: Path) -> Path:
    """The 10 min of 720p with MP3 sound of 192 kbit/s."""
    words = ["-i", str(ten_minutes(folder)), "-c:v", "copy", "-c:a", "libmp3lame", "-b:a", "192k"]
    return _made(folder / "ten-minutes-mp3.mp4", words)


def five_hours(folder: Path) -> Path:
    """5 h of AAC with a raw picture, 1 GiB: ten minutes thirty times."""
    picture = ["-c:v", "rawvideo", "-pix_fmt", "yuv420p"]
    once = _made(folder / "ten-minutes-raw.mkv", [*_source(600, "64x48", 10), *picture, *AAC])
    return _made(folder / "five-hours.mkv", ["-stream_loop", "29", "-i", str(once), "-c", "copy"])


def two_hours(folder: Path) -> Path:
    """2 h of AAC with a small picture: ten minutes twelve times. To store a larger one takes longer than to seek."""
    return _made(folder / "two-hours-small.mkv", ["-stream_loop", "11", "-i", str(_small(folder)), "-c", "copy"])


def two_minutes(folder: Path) -> Path:
    """2 min of the same."""
    return _made(folder / "two-minutes-small.mkv", ["-i", str(_small(folder)), "-t", "120", "-c", "copy"])


def _small(folder: Path) -> Path:
    return _made(folder / "ten-minutes-small.mkv", [*_source(600, "64x48", 10), *ULTRAFAST, *AAC])


def _source(seconds: int, size: str, rate: int = 25) -> list[str]:
    """Return ffmpeg's input: a moving picture and sound."""
    picture = f"testsrc2=size={size}:rate={rate}:duration={seconds}"
    return ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", AUDIO.format(seconds=seconds)]


def _made(path: Path, words: list[str]) -> Path:
    if not path.exists():
        print(f"making {path.name} …", flush=True)
        partial = path.with_stem("partial")
        subprocess.run(["ffmpeg", "-v", "error", "-y", *words, str(partial)], check=True)
        partial.rename(path)
    return path
