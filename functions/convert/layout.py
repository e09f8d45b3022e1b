"""Lays frames that were encoded without the bit reservoir out through it, and writes their tag.

A frame's main data may begin in the bodies of the frames before, `main_data_begin` bytes back (ISO/IEC 11172-3,
2.4.3.1). Each frame gets the largest bitrate that leaves nothing over, as in LAME (libmp3lame/bitstream.c): the audio
bits, so the decoded samples, stay what they are, and the file gets as small as LAME's.
"""

from array import array
from bisect import bisect_right
from collections import deque

from functions.convert.crc import Music
from functions.convert.frames import BYTES, FRAMES, MUSIC_BYTES, MUSIC_CRC, TOC, Format
from functions.convert.xing import Header


class Layout:
    """`frames`: their number so far, `length`: the bytes of all of them."""

    def __init__(self, form: Format) -> None:
        self.length = 0
        self._form = form
        self._offsets = array("Q")
        self._music = Music()
        self._level = 0  # bytes in the reservoir
        self._heads: deque[tuple[bytes, int]] = (
            deque()
        )  # of frames whose bodies are not full yet, with the bodies' bytes
        self._main = b""  # for those bodies
        # main_data_begin has 9 bits or 8; a decoder's buffer has room for one of the largest frames, as LAME counts it.
        full = form.samples == 1152
        self._most = min(511 if full else 255, (1920 if full else 960) - form.sizes[-1])
        self._bodies = [size - 4 - form.side for size in form.sizes]
        # By the bytes that a frame needs and the reservoir cannot hold: the index of the largest bitrate without waste.
        most = self._bodies[-1] + self._most
        self._best = [max(1, bisect_right(self._bodies, need) - 1) for need in range(most + 1)]

    @property
    def frames(self) -> int:
        return len(self._offsets)

    def add(self, frames: list[bytes]) -> bytes:
        """Take frames; return the bytes that are settled."""
        side, begin, lengths, most = 4 + self._form.side, self._form.begin, self._form.lengths, self._most
        level, mains = self._level, [self._main]
        for frame in frames:
            info = int.from_bytes(frame[4:side], "big")
            size = sum([info >> place & 0xFFF for place in lengths]) + 7 >> 3
            index = self._best[max(0, most + size - level)]
            body = self._bodies[index]
            head = frame[:2] + bytes((frame[2] & 0x0D | index << 4, frame[3]))
            self._heads.append((head + (info | level << begin).to_bytes(side - 4, "big"), body))
            mains.append(frame[side : side + size])
            level += body - size
            if level > most:
                mains.append(bytes(level - most))
                level = most
            self._offsets.append(self.length)
            self.length += side + body
        self._level, self._main = level, b"".join(mains)
        return self._settled()

    def end(self) -> bytes:
        """Fill the last bodies; return their bytes."""
        self._main += bytes(sum(body for _, body in self._heads) - len(self._main))
        return self._settled()

    def _settled(self) -> bytes:
        out, at, main = list[bytes](), 0, self._main
        while self._heads and at + self._heads[0][1] <= len(main):
            head, body = self._heads.popleft()
            out += (head, main[at : at + body])
            at += body
        self._main = main[at:]
        done = b"".join(out)
        self._music.add(done)
        return done

    def tag(self, tag: bytes, samples: int) -> bytes:
        """Return ffmpeg's tag of the stream that has the end, with what is true of the whole.

        `samples`: how many that stream's encoder got.
        """
        new, frames, total = Header(tag, self._form), self.frames, len(tag) + self.length
        new.put_samples(samples)  # of the one stream, by its own number of frames
        new.put(FRAMES, 4, frames)
        new.put(BYTES, 4, total)
        toc = bytes(256 * (len(tag) + self._offsets[percent * frames // 100]) // total for percent in range(100))
        new.fill(TOC, b"\0" + toc[1:])
        new.put(MUSIC_BYTES, 4, total)
        new.put(MUSIC_CRC, 2, self._music.crc())
        return new.bytes()
