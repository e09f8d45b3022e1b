"""Where the audio streams of an MPEG transport stream change: ISO/IEC 13818-1, 2.4.3 (packets), 2.4.4 (PAT, PMT).

A program association table (PAT) names the packets (PIDs) of the program map tables (PMTs), which list the streams. Of
each table the first packet is read, which has all streams but those of a program with many.
"""

import heapq
import mmap
from bisect import bisect
from collections.abc import Iterator

PACKET_BYTES = 188
SPACINGS = (188, 192, 204)  # bare; m2ts, with a time of 4 bytes before each packet; with a checksum of 16 bytes behind
MAX_PROGRAMS, MAX_SOUNDS = 4, 8  # whose packets are searched: each takes a pass over the file
_PAT_PID = 0
_BEGINS, _PRIORITY = 0x40, 0x20  # flags of a packet

# Types of audio streams; the upper ones are of ATSC and Blu-ray.
_AUDIO = {0x03, 0x04, 0x0F, 0x11, 0x1C, 0x2D, 0x2E, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x87, 0x8A, 0xA1, 0xA2}
# A private stream is audio if a descriptor says so, by its tag or by the name that it registers.
_PRIVATE, _REGISTRATION, _CODECS = 0x06, 0x05, {0x6A, 0x7A, 0x7B, 0x7C}
_NAMES = {b"AC-3", b"EAC3", b"DTS1", b"DTS2", b"DTS3", b"Opus", b"BSSD", b"mlpa"}

# What tells the codec of each audio stream, by its PID.
Sounds = dict[int, bytes]


def changes(data: mmap.mmap) -> Iterator[int]:
    """Yield the positions at which an audio stream ends or gets another codec, and at which the sound begins.

    Each is that of a PAT (of the time before it in m2ts), with which a file can begin. A stream that is added beside
    others is no change: those go on. Tables may list a stream long before its first packet.
    """
    spacing = next((spacing for spacing in SPACINGS if _begins(data, spacing)), 0)
    if not spacing:
        return
    time = _time(spacing)
    pats = list(_packets(data, _PAT_PID, spacing))
    pids = sorted({pid for pat in pats for pid in _pmt_pids(data, pat)})[:MAX_PROGRAMS]
    maps = {at: pid for pid in pids for at in _packets(data, pid, spacing)}
    occurring = set(maps.values())
    start, listed = 0, set[int]()
    programs: dict[int, Sounds] = {}
    before: Sounds = {}
    first: dict[int, int] = {}
    for at in sorted((*pats, *maps)):
        if at not in maps:
            start, listed = at, occurring & _pmt_pids(data, at)
            programs = {pid: sounds for pid, sounds in programs.items() if pid in listed}
        elif maps[at] in listed:
            programs[maps[at]] = _sounds(data, at)
            if programs.keys() == listed:
                now = {pid: codec for sounds in programs.values() for pid, codec in sounds.items()}
                ended = any(now.get(pid) != codec for pid, codec in before.items())
                if ended:
                    yield start - time
                if now and (ended or not before):
                    for pid in sorted(now)[:MAX_SOUNDS]:
                        if first.get(pid, -1) < start:  # so no piece of the file is searched twice
                            first[pid] = next(_packets(data, pid, spacing, start), len(data))
                    sound = min(first[pid] for pid in sorted(now)[:MAX_SOUNDS])
                    yield pats[bisect(pats, sound) - 1] - time
                before = now


def _time(spacing: int) -> int:
    """Return the length of the time before each packet."""
    return 4 if spacing == SPACINGS[1] else 0


def _begins(data: mmap.mmap, spacing: int) -> bool:
    first = _time(spacing)
    return len(data) > first + 4 * spacing and all(data[first + n * spacing] == 0x47 for n in range(5))


def _packets(data: mmap.mmap, pid: int, spacing: int, start: int = 0) -> Iterator[int]:
    """Yield the positions, from `start` on, of the packets with which a table or a piece of a stream begins."""
    heads = (bytes((0x47, flags | pid >> 8, pid & 0xFF)) for flags in (_BEGINS, _BEGINS | _PRIORITY))
    return heapq.merge(*(_found(data, head, spacing, start) for head in heads))


def _found(data: mmap.mmap, head: bytes, spacing: int, start: int) -> Iterator[int]:
    at = start - 1
    while (at := data.find(head, at + 1)) >= 0:
        follows = at + spacing
        if at + PACKET_BYTES <= len(data) and (follows >= len(data) or data[follows] == 0x47):
            yield at


def _section(data: mmap.mmap, at: int) -> bytes:
    """Return the table in a packet, from its id on, without its checksum; as much of it as the packet has."""
    packet = data[at : at + PACKET_BYTES]
    begin = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    begin += 1 + packet[begin] if begin < PACKET_BYTES else 0
    section = packet[begin:]
    return section[: max(0, (int.from_bytes(section[1:3], "big") & 0xFFF) - 1)] if len(section) > 8 else b""


def _pmt_pids(data: mmap.mmap, at: int) -> set[int]:
    entries = _section(data, at)[8:]
    pairs = (entries[n : n + 4] for n in range(0, len(entries) - 3, 4))
    return {int.from_bytes(pair[2:], "big") & 0x1FFF for pair in pairs if pair[:2] != b"\0\0"}


def _sounds(data: mmap.mmap, at: int) -> Sounds:
    section, found = _section(data, at), Sounds()
    entry = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
    while entry + 5 <= len(section):
        kind, pid = section[entry], int.from_bytes(section[entry + 1 : entry + 3], "big") & 0x1FFF
        end = entry + 5 + (int.from_bytes(section[entry + 3 : entry + 5], "big") & 0xFFF)
        codecs = _codecs(section[entry + 5 : end])
        if kind in _AUDIO or (kind == _PRIVATE and codecs):
            found[pid] = bytes((kind, *codecs))
        entry = end
    return found


def _codecs(descriptors: bytes) -> bytes:
    """Return what the descriptors of a stream say about an audio codec."""
    found, at = b"", 0
    while at + 2 <= len(descriptors):
        tag, end = descriptors[at], at + 2 + descriptors[at + 1]
        name = descriptors[at + 2 : at + 6]
        if tag in _CODECS or (tag == _REGISTRATION and name in _NAMES):
            found += bytes((tag,)) + (name if tag == _REGISTRATION else b"")
        at = end
    return found
