"""Bytes that are the same at each run: random ones, and damaged ones."""

import random


def noise(length: int, seed: int) -> bytes:
    """Return bytes that look random and are the same at each run."""
    return random.Random(seed).randbytes(length)


def flip(data: bytes, share: float, chance: random.Random) -> bytes:
    """Return the data with one bit changed in this share of its bytes, at least in one."""
    changed = bytearray(data)
    for _ in range(max(1, int(len(data) * share))):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)
