"""The audio track that the caller asks for, by its number or its language (ISO 639, BCP 47)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from functions.convert.streams import IMPAIRED, UNKNOWN, Stream
from functions.shared.job.document import Reason

if TYPE_CHECKING:
    from iso639 import Lang

NO_SUCH_TRACK = "no_such_track"
MAX_LISTED = 20
_LAYOUT = re.compile(r"mono|stereo|quad|hexagonal|octagonal|cube|\d{1,4} channels|\d{1,2}(\.\d{1,2}){1,2}", re.ASCII)


def asked(streams: Sequence[Stream], track: str) -> list[Stream]:
    """Return the streams of a video, or of a part of it, that may be meant."""
    if track.isdecimal():
        return list(streams[int(track) : int(track) + 1])
    named = [stream for stream in streams if stream.language != UNKNOWN]
    same = [stream for stream in named if code(stream.language) == code(track)]
    return same or [stream for stream in named if _macro(stream.language) == _macro(track)]


def code(tag: str) -> str:
    """Return the code of ISO 639-3 or 639-2 for a language tag; the tag's own language if there is none."""
    found = _known(tag)
    return str(found.pt3) if found else _language(tag)


def missing(track: str, streams: Sequence[Stream]) -> Reason:
    """Return the reason for a video that has these streams but not the track."""
    listed = ", ".join(f"{number} {_described(stream)}" for number, stream in enumerate(streams[:MAX_LISTED]))
    more = f" and {len(streams) - MAX_LISTED} more" if len(streams) > MAX_LISTED else ""
    return Reason(
        NO_SUCH_TRACK,
        f"The video has no audio track {track}. Its tracks are: {listed}{more}."
        " Choose one of them by its number or its language.",
    )


def _described(stream: Stream) -> str:
    """Return such as `English 5.1` or `stereo (hearing impaired)`, in which no text of the video is: it is mailed."""
    found = _known(stream.language) if stream.language != UNKNOWN else None
    language = found.name if found else ""
    layout = stream.layout.name.partition("(")[0] if stream.layout else ""
    if not _LAYOUT.fullmatch(layout):
        layout = "of an unknown form"
    return " ".join(filter(None, (language, layout, *(f"({flag})" for flag in sorted(stream.flags & IMPAIRED)))))


def _macro(tag: str) -> str:
    found = _known(tag)
    macro = found.macro() if found else None
    return str(macro.pt3) if macro else code(tag)


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()


@lru_cache(maxsize=256)
def _known(tag: str) -> "Lang | None":
    from iso639 import Lang  # noqa: PLC0415  # 50 ms, of which most videos have no use
    from iso639.exceptions import DeprecatedLanguageValue, InvalidLanguageValue  # noqa: PLC0415

    try:
        return Lang(_language(tag))
    except DeprecatedLanguageValue as error:
        return Lang(error.change_to) if error.change_to else None
    except InvalidLanguageValue:
        return None
