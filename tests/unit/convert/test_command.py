from itertools import pairwise
from pathlib import Path

from functions.convert.command import command
from functions.convert.deal import Deal
from functions.convert.plan import Part, Plan

VIDEO, MP3, TAGS, TRACK = [Path("/scratch", name) for name in ("video", "out/audio.mp3", "out/tags", "out/track-tags")]


def words_of(plan: Plan) -> list[str]:
    return command(plan, VIDEO, [MP3], TAGS, TRACK)


WORDS = words_of(Plan())


def value(option: str) -> str:
    return WORDS[WORDS.index(option) + 1]


def test_input_is_one_file_and_no_other_protocol() -> None:
    """The input is one `file:` of a fixed name, and inputs nested in it may only be files."""
    assert WORDS.count("-i") == 1
    assert value("-i") == "file:/scratch/video"
    assert value("-protocol_whitelist") == "file"


def test_parts_are_inputs_in_their_order() -> None:
    """They are bytes of the one file. Only the protocol that cuts is allowed beside it, and no format that nests."""
    words = words_of(Plan((Part(0, 900), Part(900)), "[0:1]anull[sound]", frozenset({(0, 1)})))
    inputs = [after for word, after in pairwise(words) if word == "-i"]
    assert inputs == [
        "subfile,,start,0,end,900,,:file:/scratch/video",
        "subfile,,start,900,end,0,,:file:/scratch/video",
    ]
    assert [after for word, after in pairwise(words) if word == "-protocol_whitelist"] == ["file,subfile"] * 2
    assert [after for word, after in pairwise(words) if word == "-format_whitelist"] == ["mpegts,mpeg,ogg,flv"] * 2
    assert words.count("-codec_whitelist") == words.count("-max_streams") == words.count("-probesize") == 2


def test_playlist_picture_and_text_formats_are_not_allowed() -> None:
    """Formats that refer to other files or use picture and text decoders are not on the list."""
    formats = value("-format_whitelist").split(",")
    assert "mov" in formats
    assert not {"hls", "dash", "concat", "sdp", "rtsp", "image2", "png_pipe", "svg_pipe", "tty", "imf"} & set(formats)


def test_only_sound_is_decoded() -> None:
    """No video or subtitle decoder is on the list."""
    decoders = value("-codec_whitelist").split(",")
    assert {"aac", "mp3", "opus", "pcm_s16le"} <= set(decoders)
    assert not {"h264", "hevc", "png", "mjpeg", "xbin", "ass"} & set(decoders)


def test_limits_precede_the_input() -> None:
    """The limits of probing and allocation are options of the input, not of an output."""
    before = WORDS[: WORDS.index("-i")]
    assert {"-max_streams", "-probesize", "-analyzeduration", "-threads"} <= set(before)
    assert value("-max_alloc") == "268435456"


def test_time_limit_counts_samples() -> None:
    """The limit of eight hours counts samples, as timestamps may jump; one more second is allowed, to detect more."""
    assert value("-af").endswith(",asetpts=round(N/SR/TB)")
    assert value("-t") == "28801"


def test_output_is_a_vbr_mp3_without_metadata() -> None:
    """The MP3 is `-q:a 2`, with no tags, no chapters and no encoder's name."""
    assert value("-c:a") == "libmp3lame"
    assert value("-q:a") == "2"
    assert value("-map_metadata") == "-1"
    assert value("-map_chapters") == "-1"
    assert value("-id3v2_version") == "0"
    assert "+bitexact" in WORDS


def test_copy_has_no_time_limit_and_no_filter() -> None:
    """The stream is named by its index. Its frames are counted afterwards: timestamps may jump."""
    words = words_of(Plan(streams=frozenset({(0, 3)}), copied=True))
    copy = words[words.index(f"file:{VIDEO}") + 1 : words.index(f"file:{MP3}")]
    assert copy[copy.index("-map") + 1] == "0:3"
    assert copy[copy.index("-c") + 1] == "copy"
    assert not {"-t", "-af", "-c:a"} & set(copy)
    assert {"-map_metadata", "-map_chapters", "-id3v2_version"} <= set(copy)


def test_dealt_sound_has_an_output_for_each_encoder() -> None:
    """None of them uses the bit reservoir or a time limit, and a sound that changes on the way is an error."""
    plan = Plan(streams=frozenset({(0, 3)}), deal=Deal(2, 5))
    words = command(plan, VIDEO, [Path("part0"), Path("part1")], TAGS, TRACK)
    assert words.count("libmp3lame") == words.count("-reservoir") == 2
    assert words[words.index("-reinit_filter") + 1] == "0"
    assert words.index("-reinit_filter") < words.index(f"file:{VIDEO}")
    assert any(word.startswith("[0:3]aformat=sample_rates=") for word in words)
    assert "-af" not in words


def test_sound_is_dealt_behind_the_filters_of_the_plan() -> None:
    """A downmix is made once, not by each encoder."""
    plan = Plan(graph="[0:3]pan=1c|c0=c0[sound]", streams=frozenset({(0, 3)}), deal=Deal(2, 5))
    words = command(plan, VIDEO, [Path("part0"), Path("part1")], TAGS, TRACK)
    assert sum(word.startswith(f"{plan.graph};[sound]") for word in words) == 1
    assert words.count("-filter_complex") == 3
