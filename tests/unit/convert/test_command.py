from pathlib import Path

from functions.convert.command import command, dealt

WORDS = command(Path("/scratch/video"), Path("/scratch/out/audio.mp3"), Path("/scratch/out/tags"))


def value(option: str) -> str:
    return WORDS[WORDS.index(option) + 1]


def test_input_is_one_file_and_no_other_protocol() -> None:
    """The input is one `file:` of a fixed name, and inputs nested in it may only be files."""
    assert WORDS.count("-i") == 1
    assert value("-i") == "file:/scratch/video"
    assert value("-protocol_whitelist") == "file"


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
    assert value("-af") == "asetpts=N/SR/TB"
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
    words = command(Path("video"), Path("mp3"), Path("tags"), copied=3)
    copy = words[words.index("file:video") + 1 : words.index("file:mp3")]
    assert copy[copy.index("-map") + 1] == "0:3"
    assert copy[copy.index("-c") + 1] == "copy"
    assert not {"-t", "-af", "-c:a"} & set(copy)
    assert {"-map_metadata", "-map_chapters", "-id3v2_version"} <= set(copy)


def test_dealt_sound_has_an_output_for_each_encoder() -> None:
    """None of them uses the bit reservoir or a time limit, and a sound that changes on the way is an error."""
    words = dealt(Path("video"), [Path("part0"), Path("part1")], Path("tags"), 3, 5)
    assert words.count("libmp3lame") == words.count("-reservoir") == 2
    assert words[words.index("-reinit_filter") + 1] == "0"
    assert words.index("-reinit_filter") < words.index("file:video")
    assert any(word.startswith("[0:3]") for word in words)
    assert "-af" not in words
