"""The tag in the first frame of an MP3: how many frames and bytes, where to seek, which samples players skip.

http://gabriel.mp3-tech.org/mp3infotag.html
"""

from contextlib import suppress
from pathlib import Path

from functions.convert.crc import crc
from functions.convert.frames import ENDS, FRAMES, TAG_CRC, Format

ENCODER_DELAY = 576  # samples: LAME's
_MAX_PADDING = 0xFFF


class Header:
    """What ffmpeg has written, of sound of this format; places are counted from its `Xing` or `Info`."""

    def __init__(self, frame: bytes, form: Format) -> None:
        self._form = form
        self._start = 4 + form.side
        self._new = bytearray(frame)

    def __len__(self) -> int:
        return len(self._new)

    def number(self, place: int, size: int) -> int:
        return int.from_bytes(self._new[self._start + place : self._start + place + size], "big")

    def put(self, place: int, size: int, value: int) -> None:
        self.fill(place, value.to_bytes(size, "big"))

    def fill(self, place: int, data: bytes) -> None:
        self._new[self._start + place : self._start + place + len(data)] = data

    def put_samples(self, samples: int) -> None:
        """Let players skip all but as many samples as one encoder got; ffmpeg counts up to 46 of them too many."""
        padding = self.number(FRAMES, 4) * self._form.samples - ENCODER_DELAY - samples
        self.put(ENDS, 3, ENCODER_DELAY << 12 | min(max(padding, 0), _MAX_PADDING))

    def bytes(self) -> bytes:
        """Return the frame with a right CRC, which ffmpeg's has not for mono."""
        self.put(TAG_CRC, 2, crc(bytes(self._new[: self._start + TAG_CRC])))
        return bytes(self._new)


def put_samples(mp3: Path, samples: int) -> None:
    """Let players of an MP3 that one encoder made of so many samples play exactly these."""
    with mp3.open("r+b") as file, suppress(ValueError):  # anything may be written there, instead of an MP3
        begin = file.read(4).ljust(4, b"\0")
        form = Format(begin)
        file.seek(0)
        header = Header(file.read(form.size(begin)), form)
        if header.number(FRAMES, 4):
            header.put_samples(samples)
            file.seek(0)
            file.write(header.bytes())
