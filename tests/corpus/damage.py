"""Damage to a file: cut off, overwritten, assembled wrongly. It follows a seed, so it is the same at each run."""

import random
from collections.abc import Callable

from tests.support.bits import flip

SECTOR = 512
Damage = Callable[[bytes, bytes, random.Random], bytes]


def _cut(share: float) -> Damage:
    return lambda data, _, __: data[: max(1, int(len(data) * share))]


def _flipped(share: float) -> Damage:
    return lambda data, _, chance: flip(data, share, chance)


def _zeros_inside(data: bytes, _: bytes, __: random.Random) -> bytes:
    third = len(data) // 3
    return data[:third] + bytes(third) + data[2 * third :]


def _no_head(data: bytes, _: bytes, chance: random.Random) -> bytes:
    size = min(SECTOR, len(data) // 2)
    return chance.randbytes(size) + data[size:]


def _no_tail(data: bytes, _: bytes, chance: random.Random) -> bytes:
    size = len(data) // 10
    return data[: len(data) - size] + chance.randbytes(size)


def _hole(data: bytes, _: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    return data[:begin] + data[begin + len(data) // 10 :] or data[:1]


def _noise_inside(data: bytes, _: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    return data[:begin] + chance.randbytes(4 * SECTOR) + data[begin:]


def _swapped(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Exchange a tenth of the sectors, except the first."""
    sectors = [data[at : at + SECTOR] for at in range(0, len(data), SECTOR)]
    for _number in range(max(1, len(sectors) // 10)):
        one, two = chance.randrange(len(sectors)), chance.randrange(len(sectors))
        if one and two:
            sectors[one], sectors[two] = sectors[two], sectors[one]
    return b"".join(sectors)


DAMAGES: dict[str, Damage] = {
    "cut at 1 %": _cut(0.01),
    "cut at 50 %": _cut(0.5),
    "cut at 99 %": _cut(0.99),
    "a bit of 1 in 10,000 bytes": _flipped(0.0001),
    "a bit of 1 in 1,000 bytes": _flipped(0.001),
    "a bit of 1 in 50 bytes": _flipped(0.02),
    "zeros in the middle": _zeros_inside,
    "noise for a head": _no_head,
    "noise for a tail": _no_tail,
    "a tenth left out": _hole,
    "noise put in": _noise_inside,
    "sectors exchanged": _swapped,
    "another file behind it": lambda data, other, _: data + other,
    "without its first half": lambda data, _, __: data[len(data) // 2 :],
}
