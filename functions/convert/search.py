"""A search through the bytes of a video, of which nobody knows how many there are and who made them.

Whatever they are, memory holds one block of them, the heartbeat goes on, and what is found is limited in number.
"""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

BLOCK_BYTES = 1 << 20
MORE_BYTES = 1 << 10  # of the next block: what is found at the end of a block is whole
MAX_FINDS = 1_000_000  # seconds of CPU time; 4 GiB of an ordinary recording have fewer


class Search:
    """`gave_up`: whether there is more to find than the limit allows."""

    def __init__(self, file: BinaryIO, heartbeat: Callable[[], None]) -> None:
        """Call `heartbeat` for each block."""
        self.gave_up = False
        self._file = file
        self._heartbeat = heartbeat
        self._left = MAX_FINDS

    def read(self, at: int, size: int) -> bytes:
        self._file.seek(at)
        return self._file.read(size)

    def blocks(self) -> Iterator[tuple[int, bytes, int]]:
        """Yield each block's position, its bytes with some of the next block, and its size; end with the search."""
        at = 0
        while not self.gave_up and (block := self.read(at, BLOCK_BYTES + MORE_BYTES)):
            self._heartbeat()
            yield at, block, min(BLOCK_BYTES, len(block))
            at += BLOCK_BYTES

    def count(self, finds: int = 1) -> bool:
        """Count what was found; return whether the search may go on."""
        self._left -= finds
        self.gave_up = self._left < 0
        return not self.gave_up

    def find(self, pattern: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
        """Yield where the pattern begins, with some bytes from there on."""
        for at, block, size in self.blocks():
            for found in pattern.finditer(block):
                start = found.start()
                if start >= size or not self.count():
                    break
                yield at + start, block[start : start + MORE_BYTES]
