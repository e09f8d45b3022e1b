"""The parts of a recording between which its audio streams change.

ffmpeg decodes the streams that it finds at the beginning of a file: a stream that comes later, or that gets another
codec, is lost. So a recording is cut where that happens, and ffmpeg opens each part as if it were a file.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from functions.convert import transport
from functions.convert.plan import WHOLE, Part
from functions.convert.search import Search

MAX_PARTS = 32
HEAD_BYTES = 4096  # of a file, before which nothing is worth a part

# A page with the flag of the first of a stream, 2.
_FIRST_PAGE = re.compile(rb"OggS\0[\x02\x03\x06\x07].{21}", re.DOTALL)
# A version, the kinds of streams, the header's length, and that no tag is before.
_FLV_HEADER = re.compile(rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0\0\0\0")
UNSAID = {"flv"}  # formats whose end ffmpeg finds where a joined file begins, without a message
# Of MPEG audio, or of a private stream, whose substreams from a number on are AC-3, DTS and PCM.
_PRIVATE, _FIRST_SUBSTREAM = 0xBD, 0x80
MANY_PACKETS = 24  # of 2 KiB: one to four seconds
MAX_PACK_BYTES = 1 << 16  # of what is before a packet in its pack
_PACKET = re.compile(rb"\x00\x00\x01[\xbd\xc0-\xdf]..", re.DOTALL)


@dataclass(frozen=True)
class Cut:
    """The parts of a video; `whole` says whether it was cut everywhere, or the limits left changes in the last part."""

    parts: tuple[Part, ...]
    whole: bool = True


def cut(video: Path, kind: str, heartbeat: Callable[[], None]) -> Cut:
    """Return the parts of a video of ffmpeg's format `kind`; it is one part of most videos, and of most formats."""
    changes = CHANGES.get(kind)
    if changes is None:
        return Cut(WHOLE)
    later = set[int]()
    with video.open("rb") as file:
        search = Search(file, heartbeat)
        for start in changes(search):
            if start > HEAD_BYTES:
                later.add(start)
            if len(later) == MAX_PARTS:
                break
    starts = [0, *sorted(later)[: MAX_PARTS - 1]]
    return Cut(tuple(map(Part, starts, [*starts[1:], 0])), whole=len(later) < MAX_PARTS and not search.gave_up)


def _of_program_stream(search: Search) -> Iterator[int]:
    """Yield where another audio stream of an MPEG program stream goes on (ISO/IEC 13818-1, 2.5.3).

    That is where a stream begins after all others have ended, and where one has many packets in a row after another
    one had: streams that are there at once take turns.
    """
    spans: dict[int, tuple[int, int]] = {}
    last, start, number, alone, behind = 0, 0, 0, 0, 0
    for at, packet in search.find(_PACKET):
        sound = packet[3]
        if at < behind:
            continue  # the content of a packet may look like another one
        behind = at + 6 + int.from_bytes(packet[4:6], "big")
        if sound == _PRIVATE and not (sound := _substream(packet[6:306])):
            continue
        spans[sound] = spans.get(sound, (at,))[0], at
        last, start, number = (sound, start, number + 1) if sound == last else (sound, at, 1)
        if number == MANY_PACKETS:
            if alone not in {0, sound}:
                yield _pack(search, start)
            alone = sound
    end = 0
    for first, final in sorted(span for span in spans.values() if span[0] < span[1]):
        if first > end:
            yield _pack(search, first)
        end = max(end, final)


def _pack(search: Search, packet: int) -> int:
    """Return the position of the pack that a packet is in."""
    start = max(0, packet - MAX_PACK_BYTES)
    pack = search.read(start, packet - start).rfind(b"\0\0\1\xba")
    return start + pack if pack >= 0 else packet


def _substream(header: bytes) -> int:
    """Return the number of a private stream, above 0x100: the first byte of its content."""
    if len(header) > 3 and header[0] & 0xC0 == 0x80:  # MPEG-2: the length of the rest is the third byte
        content = 3 + header[2]
    else:  # MPEG-1: stuffing, the size of a buffer, and one or two times
        content = len(header) - len(header.lstrip(b"\xff"))
        content += 2 if header[content : content + 1] >= b"\x40" else 0
        content += {2: 5, 3: 10}.get(int.from_bytes(header[content : content + 1], "big") >> 4, 1)
    return 0x100 | header[content] if content < len(header) and header[content] >= _FIRST_SUBSTREAM else 0


def _of_ogg(search: Search) -> Iterator[int]:
    """Yield where the links of a chained Ogg begin (RFC 3533, 6): a first page that does not follow another one."""
    end = 0
    for at, page in search.find(_FIRST_PAGE):
        if at != end:
            yield at
        end = at + 27 + page[26] + sum(page[27 : 27 + page[26]])


def _of_flv(search: Search) -> Iterator[int]:
    """Yield where an FLV begins that is joined to another one (Adobe Flash Video File Format, E.2)."""
    return (at for at, _ in search.find(_FLV_HEADER))


CHANGES: dict[str, Callable[[Search], Iterator[int]]] = {
    "mpegts": transport.changes,
    "mpeg": _of_program_stream,
    "ogg": _of_ogg,
    "flv": _of_flv,
}
