"""A real video of any size, made while it is sent."""

from collections.abc import Iterator

BLOCK = bytes(1 << 20)
BOX = 16  # bytes: the header of a box with a length of 64 bits


def padded(clip: bytes, size: int) -> Iterator[bytes]:
    """Yield the MP4 `clip` followed by a box of free space, `size` bytes in all."""
    free = size - len(clip)
    yield clip + (1).to_bytes(4, "big") + b"free" + free.to_bytes(8, "big")
    free -= BOX
    while free:
        yield BLOCK[: min(free, len(BLOCK))]
        free -= min(free, len(BLOCK))
