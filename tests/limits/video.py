"""A real video of any size, made while it is sent."""

from collections.abc import Iterator

BLOCK = bytes(1 << 20)
BOX = 16  # bytes of the head of a box whose length takes 64 bits


def padded(clip: bytes, size: int) -> Iterator[bytes]:
    """Yield the MP4 `clip` and behind it a box that says of itself that it is free space, `size` bytes in all."""
    free = size - len(clip)
    yield clip + (1).to_bytes(4, "big") + b"free" + free.to_bytes(8, "big")
    free -= BOX
    while free:
        yield BLOCK[: min(free, len(BLOCK))]
        free -= min(free, len(BLOCK))
