"""Files against what makes an MP3 by its options: parts, loudness, tracks, tags, covers and chapters."""

import struct
from collections.abc import Iterator
from dataclasses import replace

from tests.hostile.canary import MARK
from tests.hostile.case import Case, case, clip
from tests.hostile.media import ebml, frame, id3, movie, track
from tests.support.bits import noise

JPEG, MAX = b"\xff\xd8\xff\xe0", 0xFFFFFFFF
LOG = "\n[info]   Stream #0:9: Video: png (attached pic)\n    I:  -5.0 LUFS\n[info]   Duration: 99:00:00.00"


def cases() -> Iterator[Case]:
    yield from _chapters()
    yield from _pictures()
    yield from _texts()
    yield from _times()


def _chapters() -> Iterator[Case]:
    yield case("a chapter whose end is before its begin", lambda _: _song(_chapter(0, 900, 100)), "done")
    yield case("100,000 chapters", lambda _: _song(*(_chapter(n, n, n + 1) for n in range(100_000))), "done")
    yield case("100,000 chapters of a Matroska, the last first", lambda _: _matroska(_atoms(100_000)), "done")
    times = [(0, MAX), (MAX - 1, MAX), (0x80000000, 0x7FFFFFFF), (0, 1), (0, 1000), (500, 501), (0, 0)]
    yield case(
        "chapters of 50 days, overlapping and empty",
        lambda _: _song(*(_chapter(n, *both) for n, both in enumerate(times * 50))),
        "done",
    )
    yield case(
        "chapters of 2^64 ns",
        lambda _: _matroska(b"".join(_atom(n, 2**64 - 1 - n, 2**63 + n) for n in range(100))),
        "done",
    )
    title = frame(b"TIT2", b"\3" + b"x" * 1_000_000)
    yield case("titles of chapters of 1 MB", lambda _: _song(*(_chapter(n, n, 900, title) for n in range(9))), "done")


def _pictures() -> Iterator[Case]:
    yield case("a cover of 6 MB", lambda _: _song(_picture(JPEG + noise(6_000_000, 8))), "done")
    yield case("a cover that is no JPEG but says so", lambda _: _song(_picture(b"<svg onload='x'/>" * 99)), "done")
    yield case("50 covers", lambda _: _song(*(_picture(JPEG + noise(9000, n), n % 21) for n in range(50))), "done")
    yield case("an empty cover", lambda _: _song(_picture(b"")), "done")


def _texts() -> Iterator[Case]:
    forged = f"{'x' * 1000}\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle={MARK}\n"
    yield case("a title with a chapter in it", lambda _: clip("mka", "-metadata", f"title={forged}"), "done")
    yield case("a comment like ffmpeg's log", lambda _: clip("mka", "-metadata", f"comment=x{LOG}"), "done")
    yield case("a language of 1,000 characters", lambda _: _language("", 1000), "done")
    yield _of_track_9("a language that is a text", MARK)
    yield _of_track_9("a language like ffmpeg's log", f"eng{LOG}")
    yield _of_track_9("a language like a track", f"eng\n[info]   Stream #0:1: Audio: mp3, 1 Hz, {MARK}")
    yield case("a language like ffmpeg's log, converted", lambda _: _language(f"eng{LOG}", 200), "done")


def _times() -> Iterator[Case]:
    years = track(scale=1, ticks=0x7FFFFFFF // 8000)
    yield case("an MP4 of 68 years", lambda _: movie(years), "done")
    long = clip("ts", "-map", "1", beside="sine=440:duration=140")
    far = {"start": "130", "end": "150", "loudness": "-16"}
    yield replace(case("a clock that jumps back 140 s", long * 2, "done"), options=far)
    flv = clip("flv", "-map", "1", "-ar", "44100", beside="sine=440:duration=140")
    yield replace(case("an FLV whose clock jumps back 140 s", flv + flv[13:], "done"), options=far)


def _of_track_9(title: str, language: str) -> Case:
    return replace(case(title, lambda _: _language(language), "no_such_track"), options={"track": "9"})


def _language(language: str, size: int = 90) -> bytes:
    """Return a Matroska of one track in a language of so many bytes."""
    made = clip("mka", "-metadata:s:a", f"language={'?' * size}")
    head, tail = made.split(b"?" * size)
    return head + language.encode()[:size].ljust(size, b"x") + tail


def _song(*frames: bytes) -> bytes:
    return id3(*frames) + clip("mp3", "-id3v2_version", "0")


def _picture(data: bytes, kind: int = 3) -> bytes:
    return frame(b"APIC", b"\0image/jpeg\0" + bytes((kind,)) + b"%d\0" % kind + data)


def _chapter(number: int, start: int, end: int, title: bytes = b"") -> bytes:
    return frame(b"CHAP", b"c%d\0" % number + struct.pack(">4I", start, end, MAX, MAX) + title)


def _matroska(atoms: bytes) -> bytes:
    """Return a Matroska with these chapters, whose segment has an unknown size."""
    head, mark, rest = clip("mka").partition(b"\x18\x53\x80\x67")
    return head + mark + b"\x01" + b"\xff" * 7 + ebml(0x1043A770, ebml(0x45B9, atoms)) + rest[8:]


def _atoms(count: int) -> bytes:
    return b"".join(_atom(number, number, number + 10**6) for number in range(count, 0, -1))


def _atom(number: int, start: int, end: int) -> bytes:
    parts = ((0x73C4, number), (0x91, start), (0x92, end))
    return ebml(0xB6, b"".join(ebml(name, value.to_bytes(8, "big")) for name, value in parts))
