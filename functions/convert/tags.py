"""The three tags that are kept: read from an ffmetadata file, written as ID3v2.4.

https://ffmpeg.org/ffmpeg-formats.html#Metadata-1, https://id3.org/id3v2.4.0-structure
"""

import re
from contextlib import suppress

from functions.convert import codepages

FRAMES = {"title": b"TIT2", "artist": b"TPE1", "album": b"TALB"}
MAX_TAG_CHARACTERS, MAX_TAG_BYTES = 1000, 4000

# A line is a key, `=` and a value; any of `=;#\` and newline stands after a backslash. Lines are split first, as
# a value of 30,000 newlines would otherwise be looked through from each of them.
_LINE = re.compile(rb"(?:[^\\\n]|\\.)+", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_TAG = re.compile(rb"((?:[^=;#\\]|\\.)+)=(.*)", re.DOTALL)


# A text of ID3v2.2 to 2.4 that is Latin-1 by its frame. Many programs write the code page of their machine there.
_LATIN1 = re.compile(rb"(?:TT2|TP1|TAL)...\0|(?:TIT2|TPE1|TALB).{6}\0", re.DOTALL)


def says_latin1(head: bytes) -> bool:
    """Return whether a file that begins like this has ID3v2 texts that are said to be Latin-1."""
    return head.startswith(b"ID3") and bool(_LATIN1.search(head))


def read(text: bytes, *, latin1: bool = False) -> dict[str, str]:
    """Return title, artist and album of an ffmetadata file, if present.

    Text that is not UTF-8, which old containers do not ask for, is decoded by the likeliest code page of all three. So
    is text that ffmpeg took for Latin-1.
    """
    found: dict[str, bytes] = {}
    for tag in filter(None, map(_TAG.match, _LINE.findall(text.partition(b"[CHAPTER]")[0]))):
        name, content = tag[1].decode(errors="replace").lower(), _ESCAPED.sub(rb"\1", tag[2]).strip()
        if name in FRAMES and content:
            found.setdefault(name, content[:MAX_TAG_BYTES])
    if latin1:
        with suppress(UnicodeError):
            found = {name: content.decode().encode("latin-1") for name, content in found.items()}
    texts = codepages.decode(list(found.values()))
    return {name: text[:MAX_TAG_CHARACTERS] for name, text in zip(found, texts, strict=True)}


def id3(tags: dict[str, str]) -> bytes:
    """Return the bytes that precede an MP3 with these tags; no bytes without tags."""
    frames = b"".join(_frame(FRAMES[name], text) for name, text in tags.items())
    return b"ID3\x04\x00\x00" + _syncsafe(len(frames)) + frames if frames else b""


def _frame(kind: bytes, text: str) -> bytes:
    data = b"\x03" + text.encode()  # 3: UTF-8
    return kind + _syncsafe(len(data)) + b"\x00\x00" + data


def _syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
