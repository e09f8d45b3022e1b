"""Frames of MPEG audio layer III: ISO/IEC 11172-3, 2.4.1 and 2.4.2, and its extension to lower rates, 13818-3.

A frame is a header of 4 bytes, a CRC of 2 if the header says so, side information, and a body. The sound of a frame,
its main data, begins in the bodies of the frames before, as many bytes back as the side information says.
"""

RATES = (44100, 48000, 32000)
KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBPS_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # of half the rates
MPEG_1, MPEG_2 = 3, 2

# Places in the tag of the first frame, counted from its `Xing` or `Info`.
FRAMES, BYTES, TOC, ENDS, MUSIC_BYTES, MUSIC_CRC, TAG_CRC = 8, 12, 16, 141, 148, 152, 154


class Format:
    """What all frames of a sound have in common, by the header of one.

    `samples` of a frame, `side`: bytes of side information, `sizes`: bytes of a frame by the header's bitrate index,
    without a padding byte. In the side information, as a number: `begin` is the place of main_data_begin, counted from
    the right in bits, `lengths` are those of the lengths of the granules, in bits, which have 12 bits each.
    """

    def __init__(self, header: bytes) -> None:
        """Raise ValueError for a header that is not one of MPEG-1 or MPEG-2, layer III."""
        version, layer, rate = header[1] >> 3 & 3, header[1] >> 1 & 3, header[2] >> 2 & 3
        if header[0] != 0xFF or header[1] >> 5 != 7 or version not in {MPEG_1, MPEG_2} or layer != 1 or rate == 3:
            raise ValueError("no frame of MPEG audio layer III")
        self._header = header[:4]
        full = version == MPEG_1
        self.channels = 1 if header[3] >> 6 == 3 else 2
        self.rate = RATES[rate] if full else RATES[rate] // 2
        self.samples = 1152 if full else 576
        self.side = ((9, 17), (17, 32))[full][self.channels - 1]
        self.begin = 8 * self.side - (9 if full else 8)
        private, shared = ((5, 3)[self.channels - 1], 4) if full else (self.channels, 0)
        first = self.begin - private - shared * self.channels - 12
        granules, width = (2, 59) if full else (1, 63)
        self.lengths = [first - width * number for number in range(granules * self.channels)]
        self.sizes = [self.samples // 8 * 1000 * kbps // self.rate for kbps in (KBPS if full else KBPS_LOW)]

    def size(self, header: bytes) -> int:
        """Return the bytes of a frame by its header; 0 if it is not a frame of this format, or of no stated bitrate."""
        first = self._header
        if header[0] != 0xFF or (header[1] ^ first[1]) & 0xFE or (header[2] ^ first[2]) & 0x0C:
            return 0
        index, mono = header[2] >> 4, header[3] >> 6 == 3
        if not 0 < index < 15 or mono != (self.channels == 1):
            return 0
        return self.sizes[index] + (header[2] >> 1 & 1)

    def split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return the whole frames that the data begin with, and the rest; raise ValueError for any other data."""
        frames, at = list[bytes](), 0
        while at + 4 <= len(data):
            if not (size := self.size(data[at : at + 4])):
                raise ValueError("no frame of this format")
            if at + size > len(data):
                break
            frames.append(data[at : at + size])
            at += size
        return frames, data[at:]
