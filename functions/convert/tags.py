"""The tags and chapters of a video, from an ffmetadata file: https://ffmpeg.org/ffmpeg-formats.html#Metadata-1."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from functions.convert import codepages
from functions.convert.id3 import MAX_CHAPTERS

NAMES = {"title", "artist", "album", "track", "genre", "comment", "date", "year"}
MAX_TAG_CHARACTERS, MAX_TAG_BYTES = 1000, 4000

# A line is a key, `=` and a value; any of `=;#\` and newline stands after a backslash. Lines are split first, as
# a value of 30,000 newlines would otherwise be looked through from each of them. Possessive repeats remember no way
# back, which would take 100 bytes of memory for each byte.
_LINE = re.compile(rb"(?:[^\\\n]++|\\.)++", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_TAG = re.compile(rb"((?:[^=;#\\]++|\\.)++)=(.*)", re.DOTALL)
_NUMBER = re.compile(rb"-?\d{1,18}")
_RATIO = re.compile(rb"(\d{1,12})/(\d{1,12})")

# A text of ID3v2.2 to 2.4 that is Latin-1 by its frame. Many programs write the code page of their machine there.
_LATIN1 = re.compile(rb"(?:TT2|TP1|TAL)...\0|(?:TIT2|TPE1|TALB).{6}\0", re.DOTALL)


@dataclass(frozen=True)
class Chapter:
    """Begin and end in seconds of the video, and the title, "" without one."""

    start: float
    end: float
    title: str


@dataclass(frozen=True)
class Metadata:
    """`tags` by their names in ffmpeg."""

    tags: dict[str, str] = field(default_factory=dict)
    chapters: list[Chapter] = field(default_factory=list)


def says_latin1(head: bytes) -> bool:
    """Return whether a file that begins like this has ID3v2 texts that are said to be Latin-1."""
    return head.startswith(b"ID3") and bool(_LATIN1.search(head))


def read(text: bytes, *, latin1: bool = False) -> Metadata:
    """Return what an ffmetadata file has of NAMES, and its chapters.

    Text that is not UTF-8, which old containers do not ask for, is decoded by the likeliest code page of all of it. So
    is text that ffmpeg took for Latin-1.
    """
    sections: list[dict[str, bytes]] = [{}]
    for line in _LINE.findall(text):
        if line == b"[CHAPTER]":
            if len(sections) > MAX_CHAPTERS:
                break
            sections.append({})
        elif tag := _TAG.match(line):
            value = _ESCAPED.sub(rb"\1", tag[2][: 2 * MAX_TAG_BYTES]).strip()[:MAX_TAG_BYTES]
            if value:
                sections[-1].setdefault(tag[1].decode(errors="replace").lower(), value)
    first, *chapters = sections
    found = {name: value for name, value in first.items() if name in NAMES}
    titles = [chapter.get("title", b"") for chapter in chapters]
    texts = _decoded([*found.values(), *titles], latin1=latin1)
    tags = dict(zip(found, texts, strict=False))
    return Metadata(tags, list(_chapters(chapters, texts[len(found) :])))


def _decoded(texts: list[bytes], *, latin1: bool) -> list[str]:
    if latin1:
        with suppress(UnicodeError):
            texts = [text.decode().encode("latin-1") for text in texts]
    return [text[:MAX_TAG_CHARACTERS] for text in codepages.decode(texts)]


def _chapters(sections: list[dict[str, bytes]], titles: list[str]) -> Iterator[Chapter]:
    for section, title in zip(sections, titles, strict=True):
        unit = _RATIO.fullmatch(section.get("timebase", b""))
        times = [_NUMBER.fullmatch(section.get(name, b"")) for name in ("start", "end")]
        if unit and int(unit[2]) and all(times):
            start, end = (int(time[0]) * int(unit[1]) / int(unit[2]) for time in times if time)
            yield Chapter(start, end, title)
