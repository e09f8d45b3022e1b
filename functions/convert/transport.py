"""Where the audio streams of an MPEG transport stream change: ISO/IEC 13818-1, 2.4.3."""

import re
from collections.abc import Iterator

from functions.convert.search import Search
from functions.convert.tables import Listing, Sounds

PACKET_BYTES = 188
SPACINGS = (188, 192, 204)  # bare; m2ts, with a time of 4 bytes before each packet; with a checksum of 16 bytes behind
MAX_SOUNDS = 8  # that are waited for
# Sound that begins so soon in a file or part is found by ffmpeg, which looks at 10 s and 10 MB. Between two PATs are at
# most 0.5 s.
SOON_PATS, SOON_BYTES = 16, 4 << 20
LOSS = 16  # finds that the search for the next packet behind damage counts for
_PAT_PID = 0
_BEGINS = re.compile(rb"[\x40-\x7f]")  # the second byte of a packet with which a table or a piece of a stream begins
_SYNC = {spacing: re.compile(rb"G(?=.{%d}G)" % (spacing - 1), re.DOTALL) for spacing in SPACINGS}


def changes(search: Search) -> Iterator[int]:
    """Yield the positions at which an audio stream ends or gets another codec, and at which the sound begins late.

    Each is that of a PAT (of the time before it in m2ts), with which a file can begin. A stream that is added beside
    others is no change: those go on. Tables may list a stream long before its first packet.
    """
    spacing = next((spacing for spacing in SPACINGS if _is_spaced(search, spacing)), 0)
    if not spacing:
        return
    listing, before = Listing(), Sounds()
    wanted, awaited = {_PAT_PID}, set[int]()
    pat = part = pats = 0  # the positions of the last PAT and of the part's begin, the number of PATs since then
    for at, packet in _packets(search, spacing, wanted):
        pid, cut = int.from_bytes(packet[1:3], "big") & 0x1FFF, False
        if pid == _PAT_PID:
            pat, pats = at - _time(spacing), pats + 1
            if listing.associate(packet):
                search.count(len(listing.pmts))
        elif pid in awaited:
            awaited = set()
            cut = pats > SOON_PATS or at - part > SOON_BYTES
        elif listing.describe(pid, packet):
            now = listing.sounds
            search.count(len(now))
            cut = any(now.get(pid) != codec for pid, codec in before.items())
            if cut or not before:
                awaited = set(sorted(now)[:MAX_SOUNDS])
            before = now
        wanted.clear()
        wanted.update({_PAT_PID}, listing.pmts, awaited)
        if cut:
            yield pat
            part, pats = pat, 1


def _time(spacing: int) -> int:
    """Return the length of the time before each packet."""
    return 4 if spacing == SPACINGS[1] else 0


def _is_spaced(search: Search, spacing: int) -> bool:
    return search.read(_time(spacing), 4 * spacing + 1)[::spacing] == b"G" * 5


def _packets(search: Search, spacing: int, wanted: set[int]) -> Iterator[tuple[int, bytes]]:
    """Yield the packets with which a table or a piece of a stream begins, of the wanted PIDs, and where they begin."""
    following = _time(spacing)
    for position, block, size in search.blocks():
        at = following - position
        while at < size:
            syncs = block[at:size:spacing]
            number = len(syncs) - len(syncs.lstrip(b"G"))
            end = at + number * spacing
            flags, lows = block[at + 1 : end : spacing], block[at + 2 : end : spacing]
            for found in _BEGINS.finditer(flags, 0, len(lows)):
                n = found.start()
                if (flags[n] & 0x1F) << 8 | lows[n] in wanted:
                    if not search.count():
                        return
                    start = at + n * spacing
                    if len(packet := block[start : start + PACKET_BYTES]) == PACKET_BYTES:
                        yield position + start, packet
            at = end
            if number < len(syncs):
                search.count(LOSS)
                sync = _SYNC[spacing].search(block, at)
                at = sync.start() if sync else size
        following = position + at
