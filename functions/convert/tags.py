"""The three tags that are kept: read from an ffmetadata file, written as ID3v2.4.

https://ffmpeg.org/ffmpeg-formats.html#Metadata-1, https://id3.org/id3v2.4.0-structure
"""

import re

FRAMES = {"title": b"TIT2", "artist": b"TPE1", "album": b"TALB"}
MAX_TAG_CHARACTERS = 1000

# A line is a key, `=` and a value; any of `=;#\` and newline stands after a backslash. Lines are split first, as
# a value of 30,000 newlines would otherwise be looked through from each of them.
_LINE = re.compile(r"(?:[^\\\n]|\\.)+", re.DOTALL)
_TAG = re.compile(r"((?:[^=;#\\]|\\.)+)=(.*)", re.DOTALL)


def read(text: str) -> dict[str, str]:
    """Return title, artist and album of an ffmetadata file, if present: of the video, else of its audio stream."""
    kept: dict[str, str] = {}
    for tag in filter(None, map(_TAG.match, _LINE.findall(text.partition("[CHAPTER]")[0]))):
        name, content = tag[1].lower(), re.sub(r"\\(.)", r"\1", tag[2], flags=re.DOTALL).strip()[:MAX_TAG_CHARACTERS]
        if name in FRAMES and content:
            kept.setdefault(name, content)
    return kept


def id3(tags: dict[str, str]) -> bytes:
    """Return the bytes that precede an MP3 with these tags; no bytes without tags."""
    frames = b"".join(_frame(FRAMES[name], text) for name, text in tags.items())
    return b"ID3\x04\x00\x00" + _syncsafe(len(frames)) + frames if frames else b""


def _frame(kind: bytes, text: str) -> bytes:
    data = b"\x03" + text.encode()  # 3: UTF-8
    return kind + _syncsafe(len(data)) + b"\x00\x00" + data


def _syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
