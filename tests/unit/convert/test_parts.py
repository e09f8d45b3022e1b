"""Where recordings are cut. The integration tests have real ones; here are bytes that anybody may send."""

import random
import tracemalloc
from pathlib import Path

import pytest

from functions.convert import parts, search
from functions.convert.plan import WHOLE, Part

KINDS = list(parts.CHANGES)


def packet(pid: int, content: bytes) -> bytes:
    """Return a packet of a transport stream with which a table begins."""
    return (bytes((0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10, 0)) + content).ljust(188, b"\xff")


def pat(*pids: int) -> bytes:
    entries = b"".join(bytes((0, number + 1, 0xE0 | pid >> 8, pid & 0xFF)) for number, pid in enumerate(pids))
    return packet(0, bytes((0, 0xB0, len(entries) + 9, 0, 1, 0xC1, 0, 0)) + entries + bytes(4))


def pmt(pid: int, sounds: dict[int, int]) -> bytes:
    entries = b"".join(bytes((kind, 0xE0 | sound >> 8, sound & 0xFF, 0xF0, 0)) for sound, kind in sounds.items())
    head = bytes((2, 0xB0, len(entries) + 13, 0, 1, 0xC1, 0, 0, 0xE1, 0, 0xF0, 0))
    return packet(pid, head + entries + bytes(4))


def ignore() -> None:
    """Take no part in the heartbeat."""


def cut(folder: Path, kind: str, content: bytes) -> tuple[Part, ...]:
    file = folder / "video"
    file.write_bytes(content)
    return parts.cut(file, kind, ignore).parts


PICTURE = packet(0x100, b"") * 100
ONE = pat(0x50) + pmt(0x50, {0x101: 3}) + packet(0x101, b"") + PICTURE


@pytest.mark.parametrize(
    ("second", "count"),
    [
        (ONE, 1),
        (pat(0x50) + pmt(0x50, {0x101: 3, 0x102: 3}) + packet(0x102, b""), 1),
        (pat(0x50, 0x51) + pmt(0x50, {0x101: 3}) + pmt(0x51, {0x201: 3}), 1),
        (pat(0x50) + pmt(0x50, {0x101: 15}) + packet(0x101, b""), 2),
        (pat(0x50) + pmt(0x50, {0x102: 3}) + packet(0x102, b""), 2),
        (pat(0x51) + pmt(0x51, {0x102: 3}) + packet(0x102, b""), 2),
        (pat(0x50) + pmt(0x50, {}) + PICTURE, 2),
        (pat(0x50) + pmt(0x50, {}) + PICTURE + ONE, 3),
        ((pat(0x50) + pmt(0x50, {}) + PICTURE) * 20 + ONE, 5),
        (pat(0x50) + pmt(0x50, {}) + PICTURE * 250 + ONE, 5),
    ],
)
def test_transport_stream_is_cut_where_its_sound_changes(tmp_path: Path, second: bytes, count: int) -> None:
    """Another stream or codec is a change; a stream that is added, or another program, is none.

    Sound that begins again is one if it begins late: ffmpeg finds the other by itself.
    """
    found = cut(tmp_path, "mpegts", ONE + second * 2)
    assert len(found) == count
    if count > 1:
        assert found[0] == Part(0, len(ONE))


def test_sound_of_packets_with_priority_is_found(tmp_path: Path) -> None:
    """As in m2ts: it begins late, so the file is cut before it."""
    sound = bytearray(packet(0x101, b""))
    sound[1] |= 0x20
    mute = pat(0x50) + pmt(0x50, {0x101: 3}) + PICTURE
    assert cut(tmp_path, "mpegts", mute * 20 + sound) == (Part(0, len(mute) * 19), Part(len(mute) * 19))


def test_number_of_parts_is_limited(tmp_path: Path) -> None:
    other = pat(0x50) + pmt(0x50, {0x102: 3}) + packet(0x102, b"") + PICTURE
    assert len(cut(tmp_path, "mpegts", (ONE + other) * 100)) == parts.MAX_PARTS


@pytest.mark.parametrize("kind", KINDS)
def test_any_bytes_are_cut_or_whole(tmp_path: Path, kind: str) -> None:
    """Files whose tables, packets and pages are damaged at random raise nothing, and the parts cover the file."""
    chance = random.Random(kind)
    page = b"OggS\0\2" + bytes(20) + b"\1\10" + bytes(8)
    pack = b"\0\0\1\xba" + bytes(10) + b"\0\0\1\xbd\0\x20\x81\x80\5" + bytes(5) + b"\x80" + bytes(99)
    flv = b"FLV\1\5\0\0\0\x09\0\0\0\0" + bytes(99)
    whole = {"mpegts": ONE * 9, "mpeg": pack * 99, "ogg": page * 99, "flv": flv * 99}[kind]
    for _ in range(300):
        content = bytearray(whole[: chance.randrange(len(whole))])
        for _ in range(chance.randrange(50)):
            if content:
                content[chance.randrange(len(content))] = chance.randrange(256)
        found = cut(tmp_path, kind, bytes(content))
        assert found[0].start == 0
        assert found[-1].end == 0
        assert [part.end for part in found[:-1]] == [part.start for part in found[1:]]


@pytest.mark.timeout(20)
def test_thousands_of_programs_are_searched_in_time(tmp_path: Path) -> None:
    """A table that names thousands of streams costs a bounded number of passes over the file."""
    programs = b"".join(pat(*range(first, first + 40)) for first in range(32, 8000, 40))
    maps = b"".join(pmt(pid, {pid + 1: 3}) for pid in range(32, 8000))
    assert cut(tmp_path, "mpegts", (programs + maps) * 20 + PICTURE * 500)


# Each is one thing that is looked at, over and over.
HOSTILE = {
    "mpegts": pat(0x50),
    "mpegts, many programs": pat(*range(80, 120)) + pat(*range(81, 121)),
    "mpegts, many streams": pat(0x50) + pmt(0x50, dict.fromkeys(range(32), 3)),
    "mpegts, many damages": packet(0x100, b"") * 5 + b"x",
    "mpeg": b"\0\0\1\xc0\0\0",
    "mpeg, in turn": b"\0\0\1\xc0\0\0" + b"\0\0\1\xc1\0\0",
    "ogg": b"OggS\0\2" + bytes(21),
    "flv": b"FLV\1\5\0\0\0\x09\0\0\0\0",
}


@pytest.fixture
def hostile(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, str]:
    """A file of 8 MiB, and its format."""
    content = HOSTILE[request.param]
    file = tmp_path / "hostile"
    file.write_bytes(content * ((8 << 20) // len(content)))
    return file, request.param.partition(",")[0]


@pytest.mark.parametrize("hostile", HOSTILE, indirect=True)
def test_search_gives_up_when_it_has_found_too_much(hostile: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first block of many; the parts are those until there, and something may lack."""
    monkeypatch.setattr(search, "MAX_FINDS", 1000)
    beats: list[None] = []
    assert not parts.cut(*hostile, lambda: beats.append(None)).whole
    assert len(beats) == 1


@pytest.mark.parametrize("hostile", HOSTILE, indirect=True)
def test_memory_does_not_depend_on_what_is_found(hostile: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a block of the file and little more."""
    monkeypatch.setattr(search, "MAX_FINDS", 100_000)
    tracemalloc.start()
    parts.cut(*hostile, ignore)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 << 20


@pytest.mark.parametrize("kind", KINDS)
def test_heartbeat_goes_on_while_a_file_is_searched(tmp_path: Path, kind: str) -> None:
    """Once for each MiB, whatever the file has."""
    file = tmp_path / "sparse"
    with file.open("wb") as sparse:
        sparse.write({"mpegts": ONE, "mpeg": b"\0\0\1\xba", "ogg": b"OggS", "flv": b"FLV\1\5"}[kind])
        sparse.truncate(50 << 20)
    beats: list[None] = []
    parts.cut(file, kind, lambda: beats.append(None))
    assert len(beats) == 50


def test_joined_flvs_are_cut_where_each_begins(tmp_path: Path) -> None:
    one = b"FLV\1\5\0\0\0\x09\0\0\0\0" + bytes(9000)
    assert cut(tmp_path, "flv", one * 2) == (Part(0, len(one)), Part(len(one)))


@pytest.mark.parametrize("kind", ["", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2"])
def test_other_formats_are_whole(tmp_path: Path, kind: str) -> None:
    assert cut(tmp_path, kind, ONE * 9) == WHOLE
