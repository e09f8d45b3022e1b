"""The parts of a recording between which its audio streams change.

ffmpeg decodes the streams that it finds at the beginning of a file: a stream that comes later, or that gets another
codec, is lost. So a recording is cut where that happens, and ffmpeg opens each part as if it were a file.
"""

import mmap
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from functions.convert import transport
from functions.convert.plan import WHOLE, Part

MAX_PARTS = 32
HEAD_BYTES = 4096  # of a file, before which nothing is worth a part

_BEGIN = 2  # the flag of the first page of a stream
# Of MPEG audio, or of a private stream, whose substreams from a number on are AC-3, DTS and PCM.
_PRIVATE, _FIRST_SUBSTREAM = 0xBD, 0x80
MANY_PACKETS = 24  # of 2 KiB: one to four seconds
_PACKET = re.compile(rb"\x00\x00\x01([\xbd\xc0-\xdf])")


def cut(video: Path, kind: str) -> tuple[Part, ...]:
    """Return the parts of a video of ffmpeg's format `kind`; it is one part of most videos, and of most formats."""
    changes = CHANGES.get(kind)
    if changes is None or not video.stat().st_size:
        return WHOLE
    with video.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        later = sorted({start for start in changes(data) if start > HEAD_BYTES})
    starts = [0, *later[: MAX_PARTS - 1]]
    return tuple(map(Part, starts, [*starts[1:], 0]))


def _of_program_stream(data: mmap.mmap) -> Iterator[int]:
    """Yield where another audio stream of an MPEG program stream goes on (ISO/IEC 13818-1, 2.5.3).

    That is where a stream begins after all others have ended, and where one has many packets in a row after another
    one had: streams that are there at once take turns.
    """
    spans: dict[int, tuple[int, int]] = {}
    last, start, number, alone, behind = 0, 0, 0, 0, 0
    while found := _PACKET.search(data, behind):
        at, sound = found.start(), found[1][0]
        behind = at + 6 + int.from_bytes(data[at + 4 : at + 6], "big")  # its content may look like another packet
        if sound == _PRIVATE and not (sound := _substream(data[at + 6 : at + 6 + 300])):
            continue
        spans[sound] = spans.get(sound, (at,))[0], at
        last, start, number = (sound, start, number + 1) if sound == last else (sound, at, 1)
        if number == MANY_PACKETS:
            if alone not in {0, sound}:
                yield _pack(data, start)
            alone = sound
    end = 0
    for first, final in sorted(span for span in spans.values() if span[0] < span[1]):
        if first > end:
            yield _pack(data, first)
        end = max(end, final)


def _pack(data: mmap.mmap, packet: int) -> int:
    """Return the position of the pack that a packet is in."""
    return max(0, data.rfind(b"\0\0\1\xba", 0, packet))


def _substream(header: bytes) -> int:
    """Return the number of a private stream, above 0x100: the first byte of its content."""
    if len(header) > 3 and header[0] & 0xC0 == 0x80:  # MPEG-2: the length of the rest is the third byte
        content = 3 + header[2]
    else:  # MPEG-1: stuffing, the size of a buffer, and one or two times
        content = len(header) - len(header.lstrip(b"\xff"))
        content += 2 if header[content : content + 1] >= b"\x40" else 0
        content += {2: 5, 3: 10}.get(int.from_bytes(header[content : content + 1], "big") >> 4, 1)
    return 0x100 | header[content] if content < len(header) and header[content] >= _FIRST_SUBSTREAM else 0


def _of_ogg(data: mmap.mmap) -> Iterator[int]:
    """Yield where the links of a chained Ogg begin (RFC 3533, 6): a first page that does not follow another one."""
    at, end = -1, 0
    while (at := data.find(b"OggS\0", at + 1)) >= 0:
        if at + 27 <= len(data) and data[at + 5] & _BEGIN:
            if at != end:
                yield at
            table = data[at + 27 : at + 27 + data[at + 26]]
            end = at + 27 + len(table) + sum(table)


CHANGES: dict[str, Callable[[mmap.mmap], Iterator[int]]] = {
    "mpegts": transport.changes,
    "mpeg": _of_program_stream,
    "ogg": _of_ogg,
}
