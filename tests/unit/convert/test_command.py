from pathlib import Path

from functions.convert.command import command

WORDS = command(Path("/scratch/video"), Path("/scratch/out/audio.mp3"), Path("/scratch/out/tags"))


def value(option: str) -> str:
    return WORDS[WORDS.index(option) + 1]


def test_reads_one_file_by_no_other_protocol() -> None:
    """The input is one `file:` of a fixed name, and no input nested in it may be anything but a file."""
    assert WORDS.count("-i") == 1
    assert value("-i") == "file:/scratch/video"
    assert value("-protocol_whitelist") == "file"


def test_no_playlist_picture_or_text_is_read() -> None:
    """Formats that name other files or end in picture and text decoders are not on the list."""
    formats = value("-format_whitelist").split(",")
    assert "mov" in formats
    assert not {"hls", "dash", "concat", "sdp", "rtsp", "image2", "png_pipe", "svg_pipe", "tty", "imf"} & set(formats)


def test_only_sound_is_decoded() -> None:
    """No video or subtitle decoder is on the list."""
    decoders = value("-codec_whitelist").split(",")
    assert {"aac", "mp3", "opus", "pcm_s16le"} <= set(decoders)
    assert not {"h264", "hevc", "png", "mjpeg", "xbin", "ass"} & set(decoders)


def test_limits_stand_before_the_input() -> None:
    """What bounds probing and allocation is said of the input, not of an output."""
    before = WORDS[: WORDS.index("-i")]
    assert {"-max_streams", "-probesize", "-analyzeduration", "-threads"} <= set(before)
    assert value("-max_alloc") == "268435456"


def test_time_is_what_has_sounded() -> None:
    """The limit of eight hours counts samples, as a video's clock may jump; one second more is let through."""
    assert value("-af") == "asetpts=N/SR/TB"
    assert value("-t") == "28801"


def test_makes_a_vbr_mp3_without_what_the_video_says_of_itself() -> None:
    """The MP3 is `-q:a 2`, with no tags, no chapters and no encoder's name."""
    assert value("-c:a") == "libmp3lame"
    assert value("-q:a") == "2"
    assert value("-map_metadata") == "-1"
    assert value("-map_chapters") == "-1"
    assert value("-id3v2_version") == "0"
    assert "+bitexact" in WORDS
