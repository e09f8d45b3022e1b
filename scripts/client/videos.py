"""The videos that the arguments name, and where their MP3s go."""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import names
from .failures import Failure, Kind

STANDARD = "-"
# What is taken of a folder; a file that is named itself may have any name.
SUFFIXES = frozenset(
    {".3g2", ".3gp", ".amv", ".asf", ".avi", ".dav", ".divx", ".dv", ".f4v", ".flv", ".gxf", ".m2t", ".m2ts", ".m2v"}
    | {".m4v", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogm", ".ogv", ".rm", ".rmvb"}
    | {".ts", ".vob", ".webm", ".wmv", ".wtv"}
)


@dataclass(frozen=True)
class Video:
    """`path` is None for the standard input, which `spool` holds; `target` is None for the standard output."""

    label: str
    path: Path | None
    target: Path | None
    spool: BinaryIO | None = None
    fault: Failure | None = None

    def open(self) -> BinaryIO:
        """Open the video; raise Failure."""
        if self.spool:
            return self.spool
        assert self.path
        try:
            # At once: a named pipe would wait for its writer.
            file = os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK), "rb")
        except OSError as error:
            raise Failure(Kind.FILE, f"The file cannot be read: {error.strerror}.") from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise Failure(Kind.FILE, "This is no file. `-` reads standard input.")
        return file


def find(arguments: list[Path], output: str | None) -> list[Video]:
    """Return the videos, of folders with all that is below them; raise Failure if there is none."""
    if output == STANDARD and (len(arguments) > 1 or _is_folder(arguments[0]) or sys.stdout.isatty()):
        raise Failure(Kind.USAGE, "`-o -` takes one video, and standard output must be no terminal.")
    folder = Path(output or ".")
    videos: list[Video] = []
    for argument in arguments:
        if str(argument) == STANDARD:
            videos.append(Video("standard input", None, folder / "video.mp3", _spooled()))
        elif _is_folder(argument):
            below = [Video(str(path), path, folder / inside) for path, inside in _below(argument)]
            if not below:
                raise Failure(Kind.FILE, f"{names.shown(str(argument))} has no videos.")
            videos += below
        else:
            videos.append(Video(str(argument), argument, folder / names.of_mp3(argument.name)))
    if output == STANDARD:
        return [Video(video.label, video.path, None, video.spool) for video in videos]
    return _unique(videos)


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  # Path.is_dir raises for a name that is too long


def _below(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each video of the folder with its MP3's path, which is relative."""
    for root, folders, files in os.walk(folder, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(root, name), Path(root).relative_to(folder) / names.of_mp3(name)


def _unreadable(error: OSError) -> None:
    raise Failure(Kind.FILE, f"{names.shown(str(error.filename))} cannot be read: {error.strerror}.") from error


def _unique(videos: list[Video]) -> list[Video]:
    """Leave out repeated videos, and give a fault to each whose MP3 would have the path of an earlier one's."""
    taken: dict[Path | None, str] = {}
    result = []
    for video in videos:
        first = taken.get(video.target)
        if first is None:
            taken[video.target] = video.label
            result.append(video)
        elif first != video.label:
            text = f"Its MP3 would be that of {names.shown(first)}. `-o` names another folder."
            result.append(Video(video.label, video.path, video.target, fault=Failure(Kind.FILE, text)))
    return result


def _spooled() -> BinaryIO:
    """Return standard input as a file that can be read twice."""
    source = sys.stdin.buffer
    if source.isatty():
        raise Failure(Kind.USAGE, "`-` reads a video from standard input, which is a terminal.")
    if stat.S_ISREG(os.fstat(source.fileno()).st_mode):
        return source
    try:
        spool = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the program
        while piece := source.read(1 << 20):
            spool.write(piece)
        spool.flush()
    except OSError as error:
        text = f"Standard input cannot be stored: {error.strerror}. Set TMPDIR to a folder with more space."
        raise Failure(Kind.FILE, text) from error
    return spool
