"""The tables of an MPEG transport stream: ISO/IEC 13818-1, 2.4.4.

A program association table (PAT) names the packets (PIDs) of the program map tables (PMTs), which list the streams. Of
each table the first packet is read, which has all streams but those of a program with many.
"""

# Types of audio streams; the upper ones are of ATSC and Blu-ray.
_AUDIO = {0x03, 0x04, 0x0F, 0x11, 0x1C, 0x2D, 0x2E, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x87, 0x8A, 0xA1, 0xA2}
# A private stream is audio if a descriptor says so, by its tag or by the name that it registers.
_PRIVATE, _REGISTRATION, _CODECS = 0x06, 0x05, {0x6A, 0x7A, 0x7B, 0x7C}
_NAMES = {b"AC-3", b"EAC3", b"DTS1", b"DTS2", b"DTS3", b"Opus", b"BSSD", b"mlpa"}

# The type and the codec descriptors of each audio stream, by its PID.
Sounds = dict[int, bytes]
MAX_PROGRAMS = 16  # that are looked at


class Listing:
    """What the last tables list: `pmts`, the PIDs of the PMTs, and `sounds`, the audio streams of all of them."""

    def __init__(self) -> None:
        self.pmts: set[int] = set()
        self.sounds: Sounds = {}
        self._pat = b""
        self._seen: dict[int, bytes] = {}
        self._programs: dict[int, Sounds] = {}

    def associate(self, packet: bytes) -> bool:
        """Take a packet with a PAT; return whether it is another one."""
        if self._pat == (content := _content(packet)):
            return False
        self._pat, self._seen = content, {}
        self.pmts = _pmt_pids(packet)
        self._programs = {pid: sounds for pid, sounds in self._programs.items() if pid in self.pmts}
        return True

    def describe(self, pid: int, packet: bytes) -> bool:
        """Take a packet with a PMT; return whether the audio streams may be others now."""
        if self._seen.get(pid) == (content := _content(packet)):
            return False
        if pid not in self._programs and len(self._programs) == MAX_PROGRAMS:
            return False
        self._seen[pid] = content
        self._programs[pid] = _sounds(packet)
        self.sounds = {pid: codec for sounds in self._programs.values() for pid, codec in sounds.items()}
        return True


def _content(packet: bytes) -> bytes:
    return packet[4:]  # before it is a counter


def _section(packet: bytes) -> bytes:
    """Return the table in a packet, from its id on, without its checksum; as much of it as the packet has."""
    begin = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    begin += 1 + packet[begin] if begin < len(packet) else 0
    section = packet[begin:]
    return section[: max(0, (int.from_bytes(section[1:3], "big") & 0xFFF) - 1)] if len(section) > 8 else b""


def _pmt_pids(pat: bytes) -> set[int]:
    entries = _section(pat)[8:]
    pairs = (entries[n : n + 4] for n in range(0, len(entries) - 3, 4))
    return {int.from_bytes(pair[2:], "big") & 0x1FFF for pair in pairs if pair[:2] != b"\0\0"}


def _sounds(pmt: bytes) -> Sounds:
    section, found = _section(pmt), Sounds()
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
