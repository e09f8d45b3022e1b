"""The videos that the benchmark converts, made once by ffmpeg and kept in one folder."""

import subprocess
from pathlib import Path

# Speech-like: a pure tone is too easy for an encoder.
AUDIO = "aevalsrc=exprs='0.3*sin(2*PI*(220+80*sin(2*PI*0.7*t))*t)+0.1*random(0)':s=44100:c=stereo:d={seconds}"
VIDEO = "testsrc2=size={size}:rate=25:duration={seconds}"


def ten_seconds(folder: Path) -> Path:
    """10 s of 640x360, H.264 and AAC."""
    return _made(folder / "ten-seconds.mp4", 10, "640x360", ["-c:v", "libx264", "-preset", "ultrafast"])


def ten_minutes(folder: Path) -> Path:
    """10 min of 720p, H.264 at 2.5 Mbit/s, as video sites serve it, and AAC."""
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "2500k", "-maxrate", "2500k", "-bufsize", "5000k"]
    return _made(folder / "ten-minutes-720p.mp4", 600, "1280x720", codec)


def gigabyte(folder: Path) -> Path:
    """1 GiB: 25 min of raw 160x120 video with AAC."""
    return _made(folder / "gigabyte.mkv", 1491, "160x120", ["-c:v", "rawvideo", "-pix_fmt", "yuv420p"])


def _made(path: Path, seconds: int, size: str, codec: list[str]) -> Path:
    if not path.exists():
        print(f"making {path.name} …", flush=True)
        partial = path.with_stem("partial")
        sources = ["-f", "lavfi", "-i", VIDEO.format(size=size, seconds=seconds)]
        sources += ["-f", "lavfi", "-i", AUDIO.format(seconds=seconds)]
        command = ["ffmpeg", "-v", "error", "-y", *sources, *codec, "-c:a", "aac", "-b:a", "128k", str(partial)]
        subprocess.run(command, check=True)
        partial.rename(path)
    return path
