"""MP3 sound that is kept as it is: whether it may be, and where it begins and ends.

Decoders skip the 529 samples by which they are late, and as many as the LAME tag says on top. ffmpeg writes that tag
from what the video says. Many formats (AVI, TS, FLV) say nothing: then no sample is to be skipped, which the tag cannot
express. So a silent frame is put in front of the sound, and the tag lets decoders skip exactly that.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from functions.convert.crc import crc, followed
from functions.convert.frames import BYTES, ENDS, FRAMES, MUSIC_BYTES, MUSIC_CRC, Format
from functions.convert.xing import Header

DECODER_DELAY = 529  # samples
TAGS = (b"Xing", b"Info", b"VBRI")
_BLOCK = 1 << 20


def keep(mp3: Path) -> bool:
    """Return whether the MP3, which ffmpeg has copied from a video, is good as it is; complete its tag if it is.

    It is not if a frame is not whole, has another format than the first, or lacks a part of its sound, which is in a
    frame that is not there. Nor is it if a tag of the sound's own stands among its frames.
    """
    with mp3.open("r+b") as file:
        try:
            form = Format(file.read(4).ljust(4, b"\0"))
            file.seek(0)
            tag, first = _checked(_frames(file, form), form)
        except (ValueError, StopIteration):
            return False
        silence = b""
        ends = 4 + form.side + ENDS
        if not int.from_bytes(tag[ends : ends + 3], "big") >> 12:
            silence = bytes((first[0], first[1] | 1, first[2] & 0xFD, first[3])).ljust(form.sizes[first[2] >> 4], b"\0")
            _insert(file, len(tag), silence)
        file.seek(0)
        file.write(_tag(tag, form, silence))
    return True


def _frames(file: BinaryIO, form: Format) -> Iterator[bytes]:
    rest = b""
    while block := file.read(_BLOCK):
        frames, rest = form.split(rest + block)
        yield from frames
    if rest:
        raise ValueError("the last frame is not whole")


def _checked(frames: Iterator[bytes], form: Format) -> tuple[bytes, bytes]:
    """Return ffmpeg's tag and the first frame of the sound; raise ValueError if the sound cannot be kept."""
    tag, first, before = next(frames), b"", 0
    for frame in frames:
        side = 4 if frame[1] & 1 else 6
        body = len(frame) - side - form.side
        info = int.from_bytes(frame[side : side + form.side], "big")
        begin = info >> form.begin
        bits = sum([info >> place & 0xFFF for place in form.lengths])
        unused = begin + body - (bits + 7 >> 3)  # bytes
        if begin > before or unused < 0:
            raise ValueError("a part of the sound is in a frame that is not there")
        before = unused
        if not first:
            first = frame
            if any(name in frame[side : side + 40] for name in TAGS):
                raise ValueError("the sound has a tag of its own")
    if not first:
        raise ValueError("no sound")
    return tag, first


def _insert(file: BinaryIO, place: int, data: bytes) -> None:
    """Insert the data at this place, without a second copy of the file."""
    end = file.seek(0, 2)
    while end > place:
        start = max(place, end - _BLOCK)
        file.seek(start)
        block = file.read(end - start)
        file.seek(start + len(data))
        file.write(block)
        end = start
    file.seek(place)
    file.write(data)


def _tag(tag: bytes, form: Format, silence: bytes) -> bytes:
    """Return ffmpeg's tag with the silent frame in it, if there is one."""
    new = Header(tag, form)
    if silence:
        new.put(FRAMES, 4, new.number(FRAMES, 4) + 1)
        new.put(BYTES, 4, new.number(BYTES, 4) + len(silence))
        padding = max(new.number(ENDS, 3) & 0xFFF, DECODER_DELAY)
        new.put(ENDS, 3, form.samples - DECODER_DELAY << 12 | padding)
        new.put(MUSIC_BYTES, 4, new.number(MUSIC_BYTES, 4) + len(silence))
        sound = new.number(BYTES, 4) - len(tag) - len(silence)
        new.put(MUSIC_CRC, 2, followed(crc(silence), sound) ^ new.number(MUSIC_CRC, 2))
    return new.bytes()
