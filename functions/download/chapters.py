"""The chapters of an MP3, from the ID3 tag in front of it.

https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/chapters/jsonChapters.md
"""

import io
from collections.abc import Iterator
from typing import Any

HEAD_BYTES = 10
MAX_TAG_BYTES = 8 * 1024**2  # with a cover of 5 MB, the largest


def tag_size(head: bytes) -> int:
    """Return the size of the tag whose first HEAD_BYTES these are; 0 if there is none, or one that is too large."""
    if len(head) < HEAD_BYTES or not head.startswith(b"ID3"):
        return 0
    size = HEAD_BYTES + sum(byte << 7 * place for place, byte in enumerate(reversed(head[6:HEAD_BYTES])))
    return size if size <= MAX_TAG_BYTES else 0


def read(tag: bytes) -> list[dict[str, Any]]:
    """Return the chapters in the order of their times, in seconds; none if the tag cannot be read."""
    # Only a few requests need mutagen, which takes 15 ms to import.
    from mutagen import MutagenError  # noqa: PLC0415
    from mutagen.id3 import ID3  # noqa: PLC0415

    try:
        frames = ID3(io.BytesIO(tag)).getall("CHAP")
    except (MutagenError, EOFError, ValueError):
        return []
    return sorted(_chapters(frames), key=lambda chapter: float(chapter["startTime"]))


def _chapters(frames: list[Any]) -> Iterator[dict[str, Any]]:
    for frame in frames:
        chapter: dict[str, Any] = {"startTime": frame.start_time / 1000, "endTime": frame.end_time / 1000}
        titles = frame.sub_frames.getall("TIT2")
        if titles and str(titles[0]):
            chapter["title"] = str(titles[0])
        yield chapter
