"""Small files that demand much: time, memory, tracks, or sizes that they do not have."""

import struct
import zlib
from collections.abc import Iterator

from tests.hostile.case import Case, case, clip
from tests.hostile.media import box, chunk, ebml, flac, frame, full, id3, movie, png, track, wav, zeros

HOUR = 3600
HUGE = 0x7FFFFFFF


def time() -> Iterator[Case]:
    yield case("a clock that jumps", lambda _: movie(track(ticks=HUGE // 8000)), "done", seconds=2)
    yield case("100 h of silence in 0.7 MB of FLAC", lambda _: flac(8000, 100 * HOUR * 8000), "too_long")
    yield case("100 h of it without a stated length", lambda _: flac(8000, 100 * HOUR * 8000, stated=False), "too_long")
    yield case("28 h at 1 Hz", lambda _: wav(bytes(100_000), 1), "too_long")
    yield case("100 h of ADPCM at 8 Hz", lambda _: wav(bytes(1_500_000), 8, adpcm=True), "too_long")
    yield case("sound at 4 GHz", lambda _: wav(bytes(100_000), 0xFFFFFFFF), "done", "damaged", "unsupported")
    yield case("sound at 0 Hz", lambda _: wav(bytes(100_000), 0), "done", "damaged", "unsupported", "no_audio")
    edit = full(b"elst", struct.pack(">4I", 1, HUGE, 0, 0x10000))
    yield case("an edit of 24 days", lambda _: movie(track(edits=box(b"edts", edit))), "done", "damaged")
    empty = full(b"elst", struct.pack(">IIiI", 1, HUGE, -1, 0x10000))
    yield case(
        "an edit of 24 days of nothing",
        lambda _: movie(track(edits=box(b"edts", empty))),
        "done",
        "damaged",
        "too_long",
    )
    yield case("a Matroska of 10^300 ms", lambda _: _for_ever(clip("mka")), "done", name="film.mka")


def _for_ever(matroska: bytes) -> bytes:
    before, mark, after = matroska.partition(b"\x44\x89\x88")
    assert mark
    return before + mark + struct.pack(">d", 1e300) + after[8:]


def memory() -> Iterator[Case]:
    def packed(size: int) -> bytes:
        head = box(b"dcom", b"zlib") + box(b"cmvd", struct.pack(">I", size), zeros(size))
        return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + box(b"moov", box(b"cmov", head))

    yield case("an index of 512 MiB under zlib", lambda _: packed(512 << 20), "damaged", name="film.mov")
    yield case("an index of 200 MiB under zlib", lambda _: packed(200 << 20), "damaged", "no_audio", name="film.mov")
    yield case(
        "an index in an index, 5,000 deep", lambda _: movie(more=_nested(5000)), "damaged", "no_audio", "not_a_video"
    )
    cover = id3(frame(b"APIC", b"\0image/png\0\3\0" + png(30_000, 30_000)))
    yield case("a cover of 30,000 x 30,000 in an MP3", lambda _: cover + clip("mp3", "-id3v2_version", "0"), "done")
    art = box(
        b"udta",
        full(
            b"meta",
            full(b"hdlr", bytes(4), b"mdirappl", bytes(9)),
            box(b"ilst", box(b"covr", box(b"data", struct.pack(">II", 14, 0), png(30_000, 30_000)))),
        ),
    )
    yield case("a cover of 30,000 x 30,000 in an MP4", lambda _: movie(track(), more=art), "done")
    picture = (
        struct.pack(">II", 3, 9)
        + b"image/png"
        + struct.pack(">6I", 0, 30_000, 30_000, 64, 0, len(png(9, 9)))
        + png(30_000, 30_000)
    )
    block = b"\x86" + len(picture).to_bytes(3, "big") + picture
    yield case("a cover of 30,000 x 30,000 in a FLAC", lambda _: flac(8000, 80_000, blocks=block), "done")
    squeezed = struct.pack(">I", 200 << 20) + zeros(200 << 20)
    yield case(
        "a tag of 200 MiB under zlib",
        lambda _: id3(frame(b"TXXX", squeezed, 0x80)) + clip("mp3", "-id3v2_version", "0"),
        "done",
    )
    sizes = full(b"stsz", struct.pack(">2I", 0, 1 << 29))
    yield case("an index that says 2^29 sizes", lambda _: movie(track(sizes=sizes)), "done", "damaged")
    yield case("an index that says 2^31 samples", lambda _: movie(track(samples=HUGE)), "done", "damaged")
    times = full(b"stts", struct.pack(">3I", 1 << 27, 8000, 1))
    yield case("an index that says 2^27 times", lambda _: movie(track(times=times)), "done", "damaged")
    yield case("a picture of 16,384 x 16,384 beside the sound", _video, "done", name="film.mkv")


def _nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = box(b"udta", inner)
    return inner


def _video(_: object) -> bytes:
    wide, narrow = b"\xb0\x82\x40\x00\xba\x82\x40\x00", b"\xb0\x81\x40\xba\x81\x40"
    made = clip("mkv", "-map", "0", "-map", "1", "-c:v", "mpeg4", beside="color=size=64x64:rate=1:duration=1")
    assert narrow in made
    return made.replace(narrow, wide)


def tracks() -> Iterator[Case]:
    yield case("20,000 tracks", lambda _: movie(*(track(number) for number in range(1, 20_001))), "damaged")
    yield case("1,001 tracks", lambda _: movie(*(track(number) for number in range(1, 1002))), "damaged")
    yield case("1,000 tracks", lambda _: movie(*(track(number) for number in range(1, 1001))), "done")
    yield case(
        "8,000 programs of a transport stream",
        lambda _: _programs(),
        "damaged",
        "no_audio",
        "not_a_video",
        name="film.ts",
    )
    two = ("-map", "0", "-map", "0")  # convert searches recordings with several tracks for changes
    table = b"G\x40\0\x10\0\0\xb0\x0d\0\1\xc1\0\0\0\1\xe0\x50".ljust(188, b"\xff")
    yield case("a recording and 400,000 tables", lambda _: clip("ts", *two) + table * 400_000, "done")
    head = b"\0\0\1\xc0\0\0"
    yield case("a recording and 10 million heads of packets", lambda _: clip("mpg", *two) + head * 10_000_000, "done")
    page = b"OggS\0\2" + bytes(21)
    yield case("a recording and a million first pages", lambda _: clip("ogg", *two) + page * 1_100_000, "done")
    yield case(
        "5,000 songs one after the other", lambda _: clip("ogg", "-t", "0.01") * 5000, "done", "damaged", seconds=150
    )
    yield case(
        "30,000 chapters",
        lambda _: id3(*(frame(b"CHAP", b"c%d\0" % n + bytes(16)) for n in range(30_000))) + clip("mp3"),
        "done",
    )


def _programs() -> bytes:
    """Return packets that each announce 40 programs, each with a track of its own."""

    def section(pid: int, table: int, number: int, data: bytes) -> bytes:
        body = struct.pack(">HBBB", number, 0xC1, 0, 0) + data
        head = bytes((table,)) + struct.pack(">H", 0xB000 | len(body) + 4)
        whole = head + body
        whole += _crc32(whole)
        return (b"G" + struct.pack(">H", 0x4000 | pid) + b"\x10\0" + whole).ljust(188, b"\xff")

    packets = []
    for first in range(0, 8000, 40):
        numbers = range(first, first + 40)
        packets.append(section(0, 0, 1, b"".join(struct.pack(">HH", n + 1, 0xE000 | n + 32) for n in numbers)))
        packets += [
            section(n + 32, 2, n + 1, struct.pack(">HHBHH", 0xE100, 0xF000, 3, 0xE000 | n + 100, 0xF000))
            for n in numbers
        ]
    return b"".join(packets)


def _crc32(data: bytes) -> bytes:
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value.to_bytes(4, "big")


def sizes() -> Iterator[Case]:
    fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8))
    yield case(
        "a WAV that says 4 GiB",
        chunk(b"RIFF", b"WAVE" + fmt + chunk(b"data", bytes(8000), 0xFFFFFFF0), 0xFFFFFFF8),
        "done",
    )
    large = (
        b"RF64"
        + struct.pack("<I", 0xFFFFFFFF)
        + b"WAVE"
        + chunk(b"ds64", struct.pack("<QQQI", 1 << 62, 1 << 62, 1 << 62, 0))
    )
    yield case("a WAV that says 2^62 bytes", large + fmt + chunk(b"data", bytes(8000), 0xFFFFFFFF), "done", "damaged")
    giant = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", (1 << 63) - 1)
    yield case("an MP4's box of 2^63 bytes", lambda _: box(b"ftyp", b"isom", bytes(4)) + giant + bytes(9000), "damaged")
    yield case(
        "an MP4's box of size 0 in its index",
        lambda _: movie(track(), more=struct.pack(">I", 0) + b"free"),
        "done",
        "damaged",
    )
    yield case(
        "a Matroska's element of 2^56 bytes",
        lambda _: clip("mka")[:60] + ebml(0x1654AE6B, bytes(999), (1 << 56) - 2),
        "damaged",
        "not_a_video",
        "no_audio",
    )
    head = clip("mka")[: clip("mka").find(b"\x1f\x43\xb6\x75")]
    yield case(
        "a Matroska's blocks without an end",
        lambda _: head + b"\x1f\x43\xb6\x75\x01" + b"\xff" * 7 + bytes(99_999),
        "damaged",
        "done",
    )
    yield case(
        "an AVI's list of 4 GiB",
        chunk(b"RIFF", b"AVI " + chunk(b"LIST", b"hdrl" + bytes(99), 0xFFFFFFFF)),
        "damaged",
        "not_a_video",
    )
    yield case(
        "an ID3 tag of 256 MiB that is not there",
        lambda _: b"ID3\3\0\0\x7f\x7f\x7f\x7f" + clip("mp3"),
        "damaged",
        "not_a_video",
    )
    yield case(
        "an MXF's key of 2^63 bytes",
        b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02\x04\x00\x88" + b"\x7f" + b"\xff" * 7 + bytes(999),
        "damaged",
        "not_a_video",
        "no_audio",
        name="film.mxf",
    )
    yield case(
        "an FLV's tag of 16 MiB",
        b"FLV\1\4\0\0\0\x09\0\0\0\0\x08\xff\xff\xff\0\0\0\0\0\0\0\x2f" + bytes(999),
        "damaged",
        "done",
        "not_a_video",
        name="film.flv",
    )
    yield case("a title of 30,000 newlines", lambda _: clip("mka", "-metadata", "title=" + "\n" * 30_000), "done")
    yield case("a title of 20 MB", lambda _: id3(frame(b"TIT2", b"\3" + b"x" * 20_000_000)) + clip("mp3"), "done")
    words = "[error] No space left on device"
    yield case(
        "a title that reads like a full disk's error", lambda _: clip("mka", "-metadata", f"title={words}"), "done"
    )
    yield case("a comment of 8 MiB under zlib in a PNG", lambda _: png(9, 9) + b"zTXt" + zlib.compress(bytes(8 << 20)))
