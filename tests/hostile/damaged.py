"""Damaged files, and files that were never whole."""

import random
from collections.abc import Iterator
from functools import partial

from tests.hostile.case import Case, case, clip
from tests.support.bits import flip, noise
from tests.support.jobs import ANY, REASONS

KINDS = (
    "mp4",
    "mkv",
    "avi",
    "ts",
    "flv",
    "mpg",
    "wav",
    "mp3",
    "ogg",
    "flac",
    "wma",
    "aiff",
    "caf",
    "w64",
    "mxf",
    "ac3",
)
RATES = {"mxf": ("-ar", "48000", "-f", "mxf_opatom"), "mpg": ("-ac", "2"), "wma": ("-f", "asf")}


def whole(kind: str) -> bytes:
    return clip(kind, *RATES.get(kind, ()))


def half(kind: str, _: object) -> bytes:
    data = whole(kind)
    return data[: len(data) // 2]


def flipped(kind: str, share: float, _: object) -> bytes:
    """Return a file that is the same at each run."""
    return flip(whole(kind), share, random.Random(kind))


def cases() -> Iterator[Case]:
    yield case("a cut MP4", lambda _: whole("mp4")[:5000], "damaged")
    yield case("nothing", b"", "refused")
    yield case("one byte", b"\0")
    yield case("zeros", bytes(1 << 20))
    yield case("noise", noise(1 << 20, 5))
    yield case("0xFF", b"\xff" * (1 << 20))
    yield case("noise behind a head", lambda _: whole("mp4")[:32] + noise(100_000, 6), *REASONS)
    yield case("a Matroska called .txt", lambda _: whole("mkv"), "done", name="notes.txt")
    yield case("a WAV called .mp4", lambda _: whole("wav"), "done")
    yield case("two videos in one", lambda _: whole("mp4") + whole("mkv"), "done")
    yield case("a video behind noise", lambda _: noise(100_000, 7) + whole("mp4"), *ANY)
    for kind in KINDS:
        yield case(f"half a {kind}", partial(half, kind), *ANY, name=f"half.{kind}")
        for share in (0.0005, 0.02):
            title = f"{kind} with {share:.2%} of its bytes flipped"
            yield case(title, partial(flipped, kind, share), *ANY, name=f"film.{kind}", seconds=8 * 3600)
