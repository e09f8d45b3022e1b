"""Converts files as convert does, without a store, and listens to the MP3s."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutagen.id3 import ID3, ID3NoHeaderError
from mutagen.mp3 import MP3

from functions.convert import binary, command
from functions.convert.encoder import Encoded, Encoder
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Scratch
from functions.shared.job.document import Reason
from functions.shared.job.options import Options

UNTEXTUAL = {"CHAP", "CTOC", "COMM"}


@dataclass(frozen=True)
class Heard:
    """What an MP3 has: its length in seconds, its rate in Hz, by channel the level and the tone that is loudest in Hz.

    Levels are RMS in dBFS. `peak` is the true peak of all channels in dBFS.
    """

    encoded: Encoded
    rate: int
    levels: list[float]
    peak: float
    progress: list[float]
    runs: int
    mp3: Path

    @property
    def tag(self) -> ID3:
        """The ID3v2 tag as mutagen reads it, empty if there is none."""
        try:
            return ID3(self.mp3, translate=False)
        except ID3NoHeaderError:
            return ID3()

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the tag but the comment, by their frames."""
        return {name: str(frame) for name, frame in self.tag.items() if name[0] in "TC" and name[:4] not in UNTEXTUAL}

    @property
    def chapters(self) -> list[tuple[str, int, int]]:
        """Title, begin and end in milliseconds of each, in the order of the table of contents."""
        contents = [child for table in self.tag.getall("CTOC") for child in table.child_element_ids]
        found = {chapter.element_id: chapter for chapter in self.tag.getall("CHAP")}
        assert sorted(found) == sorted(contents)
        chapters = [found[name] for name in contents]
        return [(str(one.sub_frames["TIT2"]), one.start_time, one.end_time) for one in chapters]

    @property
    def samples(self) -> int:
        """How many samples of a channel Debian's ffmpeg decodes."""
        return len(decoded(self.mp3)) // 2

    @property
    def measured(self) -> tuple[float, float]:
        """Integrated loudness in LUFS and true peak in dBTP, by the meter of Debian's ffmpeg."""
        words = [
            "ffmpeg",
            "-hide_banner",
            "-nostats",
            "-i",
            str(self.mp3),
            "-af",
            "ebur128=peak=true",
            "-f",
            "null",
            "-",
        ]
        said = subprocess.run(words, check=True, capture_output=True, text=True).stderr.partition("Summary:")[2]
        loudness, peak = re.search(r"I: +(\S+) LUFS", said), re.search(r"Peak: +(\S+) dBFS", said)
        assert loudness
        assert peak
        return float(loudness[1]), float(peak[1])

    @property
    def channels(self) -> int:
        return len(self.levels)

    def level(self, tone: int, channel: int = 0, start: float = 0, end: float = 3600) -> float:
        """Return the level of a tone, in Hz, in one channel between two times in seconds."""
        band = f"atrim={start}:{end},bandpass=f={tone}:width_type=q:w=20,bandpass=f={tone}:width_type=q:w=20"
        return _levels(self.mp3, f"pan=mono|c0=c{channel},{band}")[0]


class Listener:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sandbox = Sandbox(command.MAX_MP3_BYTES, binary.files(binary.FFMPEG))

    def encode(self, file: Path, **options: str) -> tuple[Encoded | Reason, Path, list[float], int]:
        """Return what the encoder returns, the MP3, the progress that it reported, and how often ffmpeg ran."""
        wanted = Options.parse(options.items())
        progress: list[float] = []
        runs: list[float] = []
        mp3 = self._folder / f"{file.name}.mp3"
        with Scratch(self._folder).workspace(0) as workspace:
            workspace.video.write_bytes(file.read_bytes())
            ended = Encoder(self._sandbox).encode(workspace, wanted, progress.append, runs.append)
            if isinstance(ended, Encoded):
                mp3.write_bytes(ended.tag + workspace.mp3.read_bytes())
        return ended, mp3, progress, len(runs)

    def hear(self, file: Path, **options: str) -> Heard:
        ended, mp3, progress, runs = self.encode(file, **options)
        assert isinstance(ended, Encoded), ended
        said = _ffmpeg("-i", str(mp3), "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-")
        rate = re.search(r"Audio: mp3.*?, (\d+) Hz", said)
        peak = re.search(r"True peak:\s+Peak:\s+(\S+) dBFS", said)
        assert rate
        assert peak
        return Heard(ended, int(rate[1]), _levels(mp3, "anull"), float(peak[1]), progress, runs, mp3)


def info(mp3: Path) -> Any:
    """Return what mutagen reads of an MP3's frames, an MPEGInfo."""
    return MP3(mp3).info


def decoded(mp3: Path) -> bytes:
    """Decode all of an MP3 by Debian's ffmpeg, without an error; return samples of 16 bits, the channels mixed."""
    words = ["ffmpeg", "-v", "error", "-xerror", "-i", str(mp3), "-f", "s16le", "-ac", "1", "-"]
    return subprocess.run(words, check=True, capture_output=True).stdout


def _levels(mp3: Path, filters: str) -> list[float]:
    stats = "astats=measure_overall=none:measure_perchannel=RMS_level"
    said = _ffmpeg("-i", str(mp3), "-af", f"{filters},{stats}", "-f", "null", "-")
    return [float(level) for level in re.findall(r"RMS level dB: (\S+)", said)]


def _ffmpeg(*words: str) -> str:
    done = subprocess.run([binary.FFMPEG, "-hide_banner", *words], check=True, capture_output=True, text=True)
    return done.stderr
