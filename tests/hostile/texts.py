"""Input for ffmpeg's demuxers that have nothing to do with sound: text, pictures, module programs."""

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator

from tests.hostile.case import Case, case, clip
from tests.hostile.media import png
from tests.support.bits import noise


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("holiday.mp4"), bytes(50 << 20))
    return packed.getvalue()


def _mod() -> bytes:
    """Return a tracker module that plays one empty pattern forever."""
    instruments = bytes(30) * 31
    order = bytes([1, 0]) + bytes(128) + b"M.K."
    jump = bytes([0, 0, 0x0B, 0])  # go to the beginning
    return b"song".ljust(20, b"\0") + instruments + order + jump * 256


def texts() -> Iterator[Case]:
    spaces = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
    svg = f"<svg {spaces} width='9' height='9'>{{}}</svg>"
    yield case("SVG of a picture by HTTP", svg.format("<image xlink:href='http://<HTTP>/a.png' width='9' height='9'/>"))
    yield case("SVG of a text beside it", svg.format("<image href='file://<KNOWN>/canary.txt' width='9' height='9'/>"))
    entity = "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file://<KNOWN>/canary.txt'>]>"
    yield case("SVG of an XML entity", "<?xml version='1.0'?>" + entity + svg.format("<text>&x;</text>"))
    yield case("TTY", "\x1b[2J\x1b[31mhello\x1b[0m\r\n" * 500, name="film.ans")
    yield case("TTY of the largest screen", "\x1b[999999999C\x1b[999999999B\x1b[8;65535;65535tX\r\n" * 500)
    yield case("XBIN", b"XBIN\x1a" + struct.pack("<HHBB", 65535, 65535, 32, 0) + noise(5000, 1))
    yield case("BIN text", noise(4000, 2) + b"\x1aSAUCE00" + bytes(121), name="film.bin")
    yield case("SubRip", "1\n00:00:00,000 --> 99:59:59,999\n<font face='http://<HTTP>/f'>hello</font>\n\n" * 99)
    yield case(
        "ASS", "[Script Info]\nScriptType: v4.00+\n[Events]\nDialogue: 0,0:00:00.00,9:59:59.99,D,,0,0,0,,hello\n"
    )
    yield case("WebVTT", "WEBVTT\n\n00:00:00.000 --> 99:00:00.000\nhello\n")
    yield case("lyrics", "[ti:song]\n[00:00.00]hello\n[99:59.00]bye\n" * 9)
    yield case("tags of ffmpeg's", ";FFMETADATA1\ntitle=x\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=999999\ntitle=y\n")
    yield case("a program of waves (SBaGen)", "a: 200+10/90\nNOW a\n+99:00:00 a\n")
    yield case("a tracker's module", lambda _: _mod(), name="song.mod")
    yield case("a chip's music", b"NESM\x1a\1\1\1" + bytes(120) + b"\x4c\0\x80" * 99, name="song.nsf")
    yield case("a page", "<!doctype html><audio autoplay src='http://<HTTP>/a.mp3'></audio>", name="page.html")
    yield case("a script", "#!/bin/sh\ncurl http://<HTTP>/\ncat <KNOWN>/canary.txt\n", name="film.sh")
    yield case("a program", lambda _: b"\x7fELF\2\1\1" + noise(20_000, 3), name="film.exe")
    yield case("a ZIP of 50 MiB of zeros", lambda _: _zip())
    yield case("a gzipped video", lambda _: gzip.compress(clip("mp4"), mtime=0))
    yield case("a PDF", "%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/URI/URI(http://<HTTP>/)>>>>endobj\n%%EOF\n")


def pictures() -> Iterator[Case]:
    yield case("a PNG of 40,000 x 40,000", lambda _: png(40_000, 40_000))
    size = struct.pack("<HH", 65535, 65535)
    yield case(
        "a GIF that never ends",
        b"GIF89a"
        + size
        + b"\x80\0\0"
        + bytes(6)
        + b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0"
        + (b"!\xf9\4\0\1\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0" * 5000)
        + b";",
    )
    yield case(
        "a BMP of 65,535 x 65,535",
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 1000, 0, 54, 40, 65535, 65535, 1, 24, 0, 0, 1, 1, 0, 0) + bytes(999),
    )
    yield case(
        "a JPEG of 65,500 x 65,500",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0\0\x11\x08"
        + struct.pack(">HH", 65500, 65500)
        + b'\3\1"\0\2\x11\1\3\x11\1'
        + noise(5000, 4),
    )
    yield case("a TIFF whose pages go round", b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 256, 3, 1, 65535, 8) * 99)
    yield case("a film of GIFs", lambda _: clip_of_pictures("gif"), name="film.gif")
    yield case("a film without sound", lambda _: clip_of_pictures("mp4"), "no_audio")


def clip_of_pictures(kind: str) -> bytes:
    return clip(kind, "-map", "1:v", beside="testsrc2=size=64x48:rate=5:duration=1")
