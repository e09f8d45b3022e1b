"""ffmpeg's command line: one process reads the video, writes the MP3 and the tags, and reports its progress.

Whitelists limit the formats of a video, and nested inputs inherit them: no playlist, no network, no picture decoder.
`-max_alloc`, `-probesize`, `-analyzeduration` and `-max_streams` limit the resources that a hostile file can use.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import ffmpeg

from functions.convert import deal
from functions.convert.binary import FFMPEG
from functions.convert.loudness import METER
from functions.convert.parts import CHANGES
from functions.convert.plan import PLAIN, WHOLE, Part, Plan

MAX_STREAMS = 1000  # of any kind: those that are not converted cost little
MAX_SOUND_SECONDS = 8 * 3600
# A VBR MP3 has at most 320 kbit/s: audio of the longest allowed duration is never refused for its size.
MAX_MP3_BYTES = (MAX_SOUND_SECONDS + 1) * 320_000 // 8

FORMATS = """
aac ac3 aiff amr ape asf au avi caf dhav dsf dss dts dtshd dv eac3 flac flv gxf hxvs iff ifv ircam ivr kux live_flv loas
luodat lxf matroska mlp mov mp3 mpc mpc8 mpeg mpegts mtv mxf mxg nsv nut nuv ogg oma pmp pva qcp r3d rm s337m swf tak
truehd tta ty vivo voc w64 wav wtv wv xwma
"""
DECODERS = """
aac aac_fixed aac_latm mp1 mp1float mp2 mp2float mp3 mp3float mp3adu mp3adufloat mp3on4 mp3on4float ac3 ac3_fixed eac3
dca truehd mlp dolby_e s302m flac alac als opus libopus vorbis libvorbis amrnb amrwb libopencore_amrnb libopencore_amrwb
evrc qcelp wmav1 wmav2 wmapro wmalossless wmavoice xma1 xma2 cook sipr siren msnsiren real_144 real_288 ralf
acelp.kelvin atrac1 atrac3 atrac3al atrac3plus atrac3plusal gsm gsm_ms speex nellymoser on2avc tta tak wavpack ape mpc7
mpc8 shorten dsd_lsbf dsd_lsbf_planar dsd_msbf dsd_msbf_planar dss_sp dst mace3 mace6 qdm2 qdmc truespeech metasound
twinvq imc iac g723_1 g728 g729 ilbc 8svx_exp 8svx_fib dvaudio
pcm_alaw pcm_bluray pcm_dvd pcm_f16le pcm_f24le pcm_f32be pcm_f32le pcm_f64be pcm_f64le pcm_lxf pcm_mulaw pcm_s8
pcm_s8_planar pcm_s16be pcm_s16be_planar pcm_s16le pcm_s16le_planar pcm_s24be pcm_s24daud pcm_s24le pcm_s24le_planar
pcm_s32be pcm_s32le pcm_s32le_planar pcm_s64be pcm_s64le pcm_u8 pcm_u16be pcm_u16le pcm_u24be pcm_u24le pcm_u32be
pcm_u32le
adpcm_ct adpcm_ima_amv adpcm_ima_dk3 adpcm_ima_dk4 adpcm_ima_qt adpcm_ima_smjpeg adpcm_ima_wav adpcm_ms adpcm_sanyo
adpcm_sbpro_2 adpcm_sbpro_3 adpcm_sbpro_4 adpcm_swf adpcm_yamaha g722 g726 g726le
"""

READING = {
    "threads": 1,
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(FORMATS.split()),
    "codec_whitelist": ",".join(DECODERS.split()),
    "max_streams": MAX_STREAMS,
    "probesize": "10M",
    "analyzeduration": "10M",
    "guess_layout_max": 2,  # channels without names are mixed as such
}
# The packets that ffmpeg passes are kept in its memory.
DEEP = {"probesize": "64M", "analyzeduration": f"{MAX_SOUND_SECONDS}M"}
# Parts of one file are read by a protocol of ffmpeg's. No format that could name another file is allowed then.
READING_PARTS = READING | {"protocol_whitelist": "file,subfile", "format_whitelist": ",".join(CHANGES)}
WRITING: dict[str, str | int | None] = {
    "vn": None,
    "sn": None,
    "dn": None,
    "c:a": "libmp3lame",
    "t": MAX_SOUND_SECONDS + 1,  # one second more than allowed: longer audio is refused, not truncated
    "map_metadata": -1,
    "map_chapters": -1,
    "id3v2_version": 0,  # the kept tags are prepended when the MP3 is stored
    "fflags": "+bitexact",
    "flags:a": "+bitexact",
    # A filter graph begins at 0 again when the sound changes its form. The muxer would complain about each packet.
    "bsf:a": r"setts=ts=if(N\,PREV_OUTPTS+PREV_OUTDURATION\,PTS)",
    "f": "mp3",
}
# A packet's time says nothing here either: a copy has no time limit, its frames are counted.
COPYING = {key: WRITING[key] for key in ("map_metadata", "map_chapters", "id3v2_version", "fflags", "f")} | {
    "c": "copy"
}
# The time limit is that of the whole, which is known when the parts are put together. Frames are laid out then.
DEALING = {key: word for key, word in WRITING.items() if key not in {"t", "bsf:a"}} | {"reservoir": 0}
MEASURING = {"map": "[measured]", "c:a": "pcm_s16le", "f": "null"}
TAGS = {"vn": None, "an": None, "sn": None, "dn": None, "f": "ffmetadata"}
# A picture is copied as it is, whatever it is, and never decoded.
COVER = {"c": "copy", "frames:v": 1, "map_metadata": -1, "f": "image2pipe"}


def command(plan: Plan, video: Path, mp3s: Sequence[Path], tags: Path, track: Path) -> list[str]:
    """Return the arguments: progress goes to stdout, the log with levels to stderr.

    There is one MP3, or by a deal one of each encoder, none of a run that measures. The video's tags and chapters go to
    `tags`, the tags of its first audio stream that is converted to `track`.
    """
    if plan.parts == WHOLE:
        first, *others = [f"file:{video}"]
        reading = READING | (DEEP if plan.deep else {})
    else:
        first, *others = [_bytes(video, part) for part in plan.parts]
        reading = READING_PARTS
    if plan.deal:
        reading = reading | {"reinit_filter": 0}  # sound that changes its form cannot be dealt: ffmpeg ends
    if plan.seek:
        reading = reading | {"noaccurate_seek": None, "ss": plan.seek}
    source = ffmpeg.input(first, **reading)
    part, index = min(plan.streams, default=(0, "a:0"))
    graphs, writing = _sound(plan, f"{part}:{index}")
    files = ["null"] if plan.measure else [f"file:{mp3}" for mp3 in mp3s]
    outputs = (
        *(ffmpeg.output(source, file, **words) for file, words in zip(files, writing, strict=True)),
        ffmpeg.output(source, f"file:{tags}", **TAGS),
        ffmpeg.output(source, f"file:{track}", **TAGS, **{"map_metadata:g": f"{part}:s:{index}"}),
    )
    # ffmpeg-python would number several inputs as it likes.
    options = [word for name, value in reading.items() for word in (f"-{name}", str(value))]
    inputs = [word for other in others for word in (*options, "-i", other)]
    filters = [word for graph in graphs for word in ("-filter_complex", graph)]
    return _compiled(outputs, [*inputs, *filters, "-v", "level+verbose", "-progress", "pipe:1"])


def meter(mp3: Path) -> list[str]:
    """Return the arguments of a run that measures the loudness and the true peak of an MP3."""
    source = ffmpeg.input(f"file:{mp3}", **READING)
    return _compiled([ffmpeg.output(source, "null", f="null", af=METER.format("true"))], ["-v", "level+info"])


def cover(video: Path, stream: int, picture: Path) -> list[str]:
    """Return the arguments of a run that copies the attached picture."""
    source = ffmpeg.input(f"file:{video}", **READING)
    return _compiled([ffmpeg.output(source, f"file:{picture}", **COVER, map=f"0:{stream}")], ["-v", "level+error"])


def _compiled(outputs: Sequence[object], words: Sequence[str]) -> list[str]:
    common = ("-hide_banner", "-nostdin", "-nostats", "-y", "-max_alloc", str(1 << 28))
    return cast("list[str]", ffmpeg.merge_outputs(*outputs).global_args(*words, *common).compile(cmd=str(FFMPEG)))


def _sound(plan: Plan, stream: str) -> tuple[list[str], list[Mapping[str, str | int | None]]]:
    """Return the filter graphs, and the options of each output."""
    quality = dict([plan.quality])
    if plan.measure:
        return [plan.graph], [MEASURING]
    if plan.deal:
        graphs = deal.graphs(f"{plan.graph};[sound]anull" if plan.graph else f"[{stream}]{PLAIN}", plan.deal)
        return graphs, [DEALING | quality | {"map": f"[e{encoder}]"} for encoder in range(plan.deal.encoders)]
    if plan.graph:
        return [plan.graph], [WRITING | quality | {"map": "[sound]"}]
    return [], [(COPYING if plan.copied else WRITING | quality | {"af": PLAIN}) | {"map": stream}]


def _bytes(video: Path, part: Part) -> str:
    return f"subfile,,start,{part.start},end,{part.end},,:file:{video}"
