"""The ID3v2.3 tag in front of an MP3: text, the picture, chapters. Every player, car and Windows reads this version.

https://id3.org/id3v2.3.0, https://id3.org/id3v2-chapters-1.0
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mutagen import id3
from mutagen.id3 import CTOCFlags
from mutagen.id3._tags import save_frame

MAX_CHAPTERS = 1000
MAX_COVER_BYTES = 5_000_000
_SIGNATURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_FRONT = 3  # the kind of picture
_MAX_CHILDREN = 255  # their number is one byte
_NONE = 0xFFFFFFFF  # of an offset: the times count


@dataclass(frozen=True)
class Chapter:
    """Begin and end in milliseconds of the MP3, and the title, "" without one."""

    start: int
    end: int
    title: str


@dataclass(frozen=True)
class Tag:
    """`texts` by frame, such as TIT2; `language` is one of three letters (ISO 639-2), "" if nobody knows it."""

    texts: dict[str, str] = field(default_factory=dict)
    comment: str = ""
    language: str = ""
    cover: bytes = b""
    chapters: Sequence[Chapter] = ()

    def bytes(self) -> bytes:
        """Return the tag, no bytes if there is nothing to write.

        A picture that is no JPEG or PNG by its signature, or that is too large, is left out; so are more than
        MAX_CHAPTERS.
        """
        tag = _InOrder()
        texts = self.texts | ({"TLAN": self.language} if self.language else {})
        for name, text in texts.items():
            tag.add(getattr(id3, name)(encoding=id3.Encoding.UTF16, text=[text]))
        if self.comment:
            language = self.language or "und"
            tag.add(id3.COMM(encoding=id3.Encoding.UTF16, lang=language, desc="", text=[self.comment]))
        if (kind := _kind(self.cover)) and len(self.cover) <= MAX_COVER_BYTES:
            tag.add(id3.APIC(encoding=id3.Encoding.LATIN1, mime=kind, type=_FRONT, desc="", data=self.cover))
        chapters = self.chapters[:MAX_CHAPTERS]
        names = [f"chp{number}" for number in range(len(chapters))]
        for name, chapter in zip(names, chapters, strict=True):
            title = [id3.TIT2(encoding=id3.Encoding.UTF16, text=[chapter.title])] if chapter.title else []
            times = {"start_time": chapter.start, "end_time": chapter.end}
            tag.add(id3.CHAP(element_id=name, **times, start_offset=_NONE, end_offset=_NONE, sub_frames=title))
        if len(names) > _MAX_CHILDREN:  # chapters of groups, groups of the whole
            groups = [names[at : at + _MAX_CHILDREN] for at in range(0, len(names), _MAX_CHILDREN)]
            names = [f"toc{number}" for number in range(len(groups))]
            for name, group in zip(names, groups, strict=True):
                tag.add(id3.CTOC(element_id=name, flags=CTOCFlags.ORDERED, child_element_ids=group, sub_frames=[]))
        if names:
            tag.add(
                id3.CTOC(
                    element_id="toc",
                    flags=CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED,
                    child_element_ids=names,
                    sub_frames=[],
                )
            )
        if not tag:
            return b""
        made = io.BytesIO()
        tag.save(made, v1=0, v2_version=3, padding=lambda _: 0)
        return made.getvalue()


class _InOrder(id3.ID3):
    """Frames in the order in which they were added: some readers do not sort chapters, and mutagen does by size."""

    def _write(self, config: Any) -> bytes:
        return b"".join(save_frame(frame, config=config) for frame in self.values())


def _kind(picture: bytes) -> str | None:
    return next((kind for signature, kind in _SIGNATURES.items() if picture.startswith(signature)), None)
