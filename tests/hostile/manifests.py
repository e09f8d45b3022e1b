"""Descriptions of media stored elsewhere: DASH, IMF, ffconcat, SDP, and references inside media."""

import struct
from collections.abc import Iterator
from functools import partial

from tests.hostile.canary import Canary
from tests.hostile.case import Case, case
from tests.hostile.media import box, full, movie, track

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
MPD = (
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="{type}" mediaPresentationDuration="PT10S" minBufferTime="PT1S" '
    'profiles="urn:mpeg:dash:profile:isoff-live:2011">{before}<Period><AdaptationSet mimeType="audio/mp4" '
    'contentType="audio"><Representation id="1" bandwidth="1" codecs="mp4a.40.2">{inside}</Representation>'
    "</AdaptationSet></Period></MPD>"
)
TEMPLATE = '<SegmentTemplate initialization="{0}" media="{0}" startNumber="1" duration="10" timescale="1"/>'
CPL = (
    '<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>urn:uuid:0</Id>'
    "<EditRate>24 1</EditRate><SegmentList><Segment><SequenceList><MainAudioSequence><TrackId>urn:uuid:1</TrackId>"
    "<ResourceList><Resource><TrackFileId>urn:uuid:2</TrackFileId></Resource></ResourceList></MainAudioSequence>"
    "</SequenceList></Segment></SegmentList></CompositionPlaylist>"
)
MAP = (
    '<AssetMap xmlns="http://www.smpte-ra.org/schemas/429-9/2007/AM"><AssetList><Asset><Id>urn:uuid:2</Id><ChunkList>'
    "<Chunk><Path>http://<HTTP>/a.mxf</Path></Chunk></ChunkList></Asset></AssetList></AssetMap>"
)


def mpd(inside: str, before: str = "", kind: str = "static") -> str:
    return XML + MPD.format(type=kind, before=before, inside=inside)


def dash() -> Iterator[Case]:
    yield case("DASH of HTTP", mpd("<BaseURL>http://<HTTP>/a.mp4</BaseURL>"))
    yield case("DASH with its base by HTTP", mpd(TEMPLATE.format("a.mp4"), "<BaseURL>http://<HTTP>/</BaseURL>"))
    yield case("DASH of a neighbour", mpd("<BaseURL>../canary.mp4</BaseURL>"))
    yield case("DASH of an absolute path", mpd(TEMPLATE.format("<KNOWN>/canary.mp4")))
    yield case("DASH that is live", mpd(TEMPLATE.format("http://<HTTP>/$Number$.mp4"), kind="dynamic"))
    yield case("DASH by a link", mpd("<BaseURL>x</BaseURL>", "<Location>http://<HTTP>/b.mpd</Location>"))
    yield case("DASH of itself", mpd("<BaseURL>video</BaseURL>"))
    entity = '<!DOCTYPE MPD [<!ENTITY x SYSTEM "{}">]>\n'
    for title, target in {"file": "file://<KNOWN>/canary.txt", "by HTTP": "http://<HTTP>/x"}.items():
        yield case(
            f"DASH of an XML entity {title}", mpd("<BaseURL>&x;</BaseURL>").replace(XML, XML + entity.format(target))
        )
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    yield case(
        "DASH of a billion laughs",
        mpd("<BaseURL>&a9;</BaseURL>").replace(XML, f'{XML}<!DOCTYPE MPD [<!ENTITY a0 "ha">{laughs}]>'),
    )
    yield case("IMF", XML + CPL, name="film.mxf")
    yield case("an IMF's map", XML + MAP)


def concatenations() -> Iterator[Case]:
    targets = {
        "a neighbour": "canary.ts",
        "the folder above": "../canary.ts",
        "an absolute path": "<KNOWN>/canary.ts",
        "HTTP": "http://<HTTP>/a.ts",
        "itself": "video",
    }
    for title, target in targets.items():
        yield case(f"ffconcat of {title}", f"ffconcat version 1.0\nfile '{target}'\n")
    yield case(
        "ffconcat with options",
        "ffconcat version 1.0\nfile ../canary.ts\noption safe 0\noption protocol_whitelist file,http,tcp\n"
        "option format_whitelist mpegts\nfile http://<HTTP>/a.ts\n",
    )
    yield case("ffconcat of 50,000 parts", "ffconcat version 1.0\n" + "file 'video'\n" * 50_000)
    yield case("ffconcat of 100 h", "ffconcat version 1.0\nfile '../canary.ts'\nduration 360000\n")


def sessions() -> Iterator[Case]:
    head = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 {}\nt=0 0\n"
    yield case("SDP over UDP", head.format("127.0.0.1") + "m=audio <UDP> RTP/AVP 0\n")
    yield case("SDP over TCP", head.format("127.0.0.1") + "m=audio 5004 TCP/RTP/AVP 0\na=setup:active\n")
    yield case("SDP to many", head.format("239.0.0.1/1") + "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n")
    yield case("SDP led by RTSP", head.format("0.0.0.0") + "a=control:rtsp://<HTTP>/a\nm=audio 0 RTP/AVP 0\n")
    yield case(
        "SDP encrypted",
        head.format("127.0.0.1") + "m=audio <UDP> RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\n",
    )
    yield case("RTP packets", bytes([0x80, 0, 0, 1]) * 5000)


def alias(path: str) -> bytes:
    """Return a Macintosh alias of this path, as QuickTime writes it into a data reference."""
    target = path.replace("/", ":").encode()
    record = bytes(10) + b"\1c".ljust(28, b"\0") + bytes(12) + b"\1c".ljust(64, b"\0") + bytes(16)
    record += struct.pack(">HH", 1, 1) + bytes(16)
    for kind, text in ((0, b"folder"), (2, target)):
        record += struct.pack(">HH", kind, len(text)) + text + b"\0" * (len(text) % 2)
    return full(b"alis", record + struct.pack(">HH", 0xFFFF, 0))


def url(target: str, canary: Canary) -> bytes:
    return full(b"url ", canary.filled(target).encode() + b"\0")


def _refers(kind: bytes, target: str, canary: Canary) -> bytes:
    """Return a QuickTime film that is nothing but the address of another one."""
    address = canary.filled(target).encode() + b"\0"
    link = full(b"rdrf", kind, struct.pack(">I", len(address)), address)
    return movie(more=box(b"rmra", box(b"rmda", link)))


def _item_elsewhere(canary: Canary) -> bytes:
    data = box(b"dinf", full(b"dref", struct.pack(">I", 1), url("http://<HTTP>/a", canary)))
    return movie(track(), more=full(b"meta", full(b"hdlr", bytes(4), b"pict", bytes(13)), data))


def references() -> Iterator[Case]:
    paths = {"beside it": "canary.wav", "at a path": "<KNOWN>/canary.wav", "in the system": "/etc/passwd"}
    for title, path in paths.items():
        made = partial(_elsewhere, path)
        yield case(f"a MOV whose data lies {title}", made, "damaged", name="film.mov")
    # ffmpeg knows no URL in a data reference: it takes its own file's bytes instead.
    for title, target in {"comes by HTTP": "http://<HTTP>/a", "is a file's URL": "file://<KNOWN>/canary.wav"}.items():
        content = partial(_by_url, target)
        yield case(f"a MOV whose data {title}", content, "done", "damaged")
    yield case("a MOV that refers to a URL", partial(_refers, b"url ", "http://<HTTP>/a.mov"), "damaged", "no_audio")
    yield case("a MOV that refers to a file", partial(_refers, b"alis", "../canary.mp4"), "damaged", "no_audio")
    yield case("an MP4 with an item elsewhere", _item_elsewhere, "done")


def _elsewhere(path: str, canary: Canary) -> bytes:
    return movie(track(reference=alias(canary.filled(path))))


def _by_url(target: str, canary: Canary) -> bytes:
    return movie(track(reference=url(target, canary)))
