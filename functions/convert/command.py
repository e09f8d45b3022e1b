"""ffmpeg's command line: one process reads the video, writes the MP3 and the tags, and reports its progress.

Whitelists limit the formats of a video, and nested inputs inherit them: no playlist, no network, no picture decoder.
`-max_alloc`, `-probesize`, `-analyzeduration` and `-max_streams` limit the resources that a hostile file can use.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import ffmpeg

from functions.convert import deal
from functions.convert.binary import FFMPEG

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
    "max_streams": 64,
    "probesize": "10M",
    "analyzeduration": "10M",
}
# By default ffmpeg selects the best audio stream. Mono stays mono, more than two channels become two.
WRITING = {
    "vn": None,
    "sn": None,
    "dn": None,
    "c:a": "libmp3lame",
    "q:a": 2,
    "af": "asetpts=N/SR/TB",  # time counts decoded samples: a video's timestamps may jump by hours
    "t": MAX_SOUND_SECONDS + 1,  # one second more than allowed: longer audio is refused, not truncated
    "map_metadata": -1,
    "map_chapters": -1,
    "id3v2_version": 0,  # the kept tags are prepended when the MP3 is stored
    "fflags": "+bitexact",
    "flags:a": "+bitexact",
    "f": "mp3",
}
# A packet's time says nothing here either: a copy has no time limit, its frames are counted.
COPYING = {key: WRITING[key] for key in ("map_metadata", "map_chapters", "id3v2_version", "fflags", "f")} | {
    "c": "copy"
}
# The time limit is that of the whole, which is known when the parts are put together. Frames are laid out then.
DEALING = {key: word for key, word in WRITING.items() if key not in {"af", "t"}} | {"reservoir": 0}
TAGS = {"map": "0:a:0?", "c": "copy", "t": 0, "f": "ffmetadata"}


def command(video: Path, mp3: Path, tags: Path, *, copied: int | None = None) -> list[str]:
    """Return the arguments: progress goes to stdout, the log with levels to stderr, the video's tags to `tags`.

    The sound is encoded, unless the stream of the index `copied` has MP3 that is to be kept.
    """
    writing = WRITING if copied is None else COPYING | {"map": f"0:{copied}"}
    source = ffmpeg.input(f"file:{video}", **READING)
    outputs = (ffmpeg.output(source, f"file:{mp3}", **writing), ffmpeg.output(source, f"file:{tags}", **TAGS))
    return _words(outputs, "info")


def dealt(video: Path, parts: list[Path], tags: Path, stream: int, blocks: int) -> list[str]:
    """Return the arguments to deal a stream to an encoder for each part, in segments of so many blocks.

    A sound whose format changes on the way ends ffmpeg with an error. The log has also how many samples were encoded.
    """
    source = ffmpeg.input(f"file:{video}", **READING, reinit_filter=0)
    mp3s = [ffmpeg.output(source, f"file:{part}", **DEALING, map=f"[e{encoder}]") for encoder, part in enumerate(parts)]
    graphs = deal.graphs(f"[0:{stream}]anull", len(parts), blocks)
    graph_words = [word for graph in graphs for word in ("-filter_complex", graph)]
    return _words([*mp3s, ffmpeg.output(source, f"file:{tags}", **TAGS)], "verbose", *graph_words)


def _words(outputs: Sequence[object], level: str, *more: str) -> list[str]:
    whole = ffmpeg.merge_outputs(*outputs).global_args(
        *("-hide_banner", "-nostdin", "-nostats", "-y"),
        *("-v", f"level+{level}", "-progress", "pipe:1", "-max_alloc", str(1 << 28), *more),
    )
    return cast("list[str]", whole.compile(cmd=str(FFMPEG)))
