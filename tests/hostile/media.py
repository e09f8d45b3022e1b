"""Media files built byte by byte, as no encoder would make them."""

import struct
import zlib


def chunk(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    """Return a RIFF chunk, whose stated size may be wrong."""
    return kind + struct.pack("<I", len(data) if size is None else size) + data + b"\0" * (len(data) % 2)


def wav(data: bytes, rate: int, *, adpcm: bool = False) -> bytes:
    """Return a WAV of one channel, of 8 bits a sample or of IMA's ADPCM in blocks of 36 bytes, 65 samples."""
    codec, block, bits = (0x11, 36, 4) if adpcm else (1, 1, 8)
    form = struct.pack("<HHIIHH", codec, 1, rate, rate * block, block, bits)
    form += struct.pack("<HH", 2, 65) if adpcm else b""
    return chunk(b"RIFF", b"WAVE" + chunk(b"fmt ", form) + chunk(b"data", data))


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return an MP4 box."""
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + kind + data


def full(kind: bytes, *parts: bytes) -> bytes:
    """Return an MP4 box of version and flags 0."""
    return box(kind, b"\0\0\0\0", *parts)


MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
SELF = box(b"url ", b"\0\0\0\1")  # the data lies in this file


def track(
    number: int = 1,
    *,
    samples: int = 8000,
    ticks: int = 1,
    rate: int = 8000,
    scale: int = 0,
    reference: bytes = SELF,
    sizes: bytes | None = None,
    times: bytes | None = None,
    edits: bytes = b"",
    codec: bytes = b"raw ",
) -> bytes:
    """Return a sound track of 8-bit samples from byte 48 of the file on, each `ticks` long; `scale` ticks are 1 s."""
    sound = struct.pack(">6xH8xHHHHI", 1, 1, 8, 0, 0, rate << 16)
    table = box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 1), box(codec, sound)),
        times or full(b"stts", struct.pack(">3I", 1, samples, ticks)),
        full(b"stsc", struct.pack(">4I", 1, 1, samples, 1)),
        sizes or full(b"stsz", struct.pack(">2I", 1, samples)),
        full(b"stco", struct.pack(">2I", 1, 48)),
    )
    media = box(
        b"mdia",
        full(b"mdhd", struct.pack(">4IHH", 0, 0, scale or rate, samples * ticks & 0xFFFFFFFF, 0x55C4, 0)),
        full(b"hdlr", b"mhlrsoun", bytes(12), b"\0"),
        box(b"minf", full(b"smhd", bytes(4)), box(b"dinf", full(b"dref", struct.pack(">I", 1), reference)), table),
    )
    head = struct.pack(">5I", 0, 0, number, 0, 0) + bytes(8) + struct.pack(">4H", 0, 0, 256, 0) + MATRIX + bytes(8)
    return box(b"trak", box(b"tkhd", b"\0\0\0\7", head), edits, media)


def movie(*tracks: bytes, data: bytes = b"\x80" * 8000, more: bytes = b"") -> bytes:
    """Return a QuickTime file: its kind in 40 bytes, then the data, then the index."""
    kind = box(b"ftyp", b"qt  ", bytes(4), b"qt  ", bytes(20))
    head = full(b"mvhd", struct.pack(">4I", 0, 0, 1000, 1000), bytes(10 + 6), MATRIX, bytes(24), struct.pack(">I", 2))
    return kind + box(b"mdat", data) + box(b"moov", head, *tracks, more)


def flac(rate: int, samples: int, *, stated: bool = True, channels: int = 1, blocks: bytes = b"") -> bytes:
    """Return digital silence, 15 bytes per 65,535 samples; `stated`: whether its header states their number."""
    total = samples if stated else 0
    info = struct.pack(">HH6x", 65535, 65535)
    info += (rate << 44 | (channels - 1) << 41 | 15 << 36 | total).to_bytes(8, "big") + bytes(16)
    head = b"\0" if blocks else b"\x80"
    frames = (_silent_frame(number, channels) for number in range(samples // 65535))
    return b"fLaC" + head + len(info).to_bytes(3, "big") + info + blocks + b"".join(frames)


def _silent_frame(number: int, channels: int) -> bytes:
    head = bytes((0xFF, 0xF8, 0x70, (channels - 1) << 4 | 0x08)) + _utf8(number) + b"\xff\xfe"
    frame = head + bytes((_crc(head, 8),)) + b"\0\0\0" * channels
    return frame + _crc(frame, 16).to_bytes(2, "big")


def _utf8(number: int) -> bytes:
    return chr(number).encode(errors="surrogatepass")


def _table(width: int, polynomial: int) -> list[int]:
    def entry(byte: int) -> int:
        value = byte << (width - 8)
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> (width - 1) else 0)
            value &= (1 << width) - 1
        return value

    return [entry(byte) for byte in range(256)]


TABLES = {8: _table(8, 0x07), 16: _table(16, 0x8005)}


def _crc(data: bytes, width: int) -> int:
    table, value, mask = TABLES[width], 0, (1 << width) - 1
    for byte in data:
        value = (value << 8 & mask) ^ table[value >> (width - 8) ^ byte]
    return value


def ebml(identity: int, data: bytes, size: int | None = None) -> bytes:
    """Return a Matroska element, whose stated size may be wrong."""
    head = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    return head + ((1 << 56) | (len(data) if size is None else size)).to_bytes(8, "big") + data


def id3(*frames: bytes) -> bytes:
    """Return an ID3v2.3 tag of these frames."""
    data = b"".join(frames)
    size = bytes(len(data) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + data


def frame(kind: bytes, data: bytes, flags: int = 0) -> bytes:
    return kind + struct.pack(">IH", len(data), flags) + data


def png(width: int, height: int) -> bytes:
    """Return a picture that claims this size and has a few bytes of data."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(bytes(1 << 20))) + part(b"IEND", b"")
    )


def zeros(size: int) -> bytes:
    """Return `size` zeros under zlib, a thousandth of them."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
