"""Sound that begins late, and sound that changes on the way: all of it, in order."""

import random

import pytest

from functions.convert import search
from tests.integration.convert.hearing import Listener
from tests.integration.convert.recordings import PICTURE, Recordings, tone

LATE = "-f lavfi -i color=black:s=64x48:r=10:d=18 -itsoffset 13 -f lavfi -i sine=440:d=5 -c:v mpeg2video -c:a {codec}"
# 17 MB of picture before the sound.
HEAVY = (
    "-f lavfi -i testsrc2=s=640x480:r=25:d=12 -itsoffset 6 -f lavfi -i sine=440:d=5"
    " -c:v mpeg2video -b:v 23M -minrate 23M -maxrate 23M -bufsize 4M -c:a mp2"
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("late.ts", LATE.format(codec="mp2")),
        ("late.mpg", LATE.format(codec="mp2")),
        ("late.m2ts", LATE.format(codec="mp2")),
        ("late-aac.ts", LATE.format(codec="aac")),
        ("late-ac3.m2ts", LATE.format(codec="ac3")),
        ("late.vob", LATE.format(codec="ac3")),
        ("late.mkv", LATE.format(codec="libopus")),
        ("late-aac.flv", LATE.format(codec="aac").replace("mpeg2video", "flv1")),
        ("late-mp3.flv", LATE.format(codec="mp3").replace("mpeg2video", "flv1")),
        ("heavy.ts", HEAVY),
    ],
)
def test_late_sound_is_found(listener: Listener, recordings: Recordings, name: str, words: str) -> None:
    """Sound that begins after what ffmpeg probes is converted whole, in mono as it is."""
    heard = listener.hear(recordings.make(name, words))
    assert heard.encoded.seconds == pytest.approx(5, abs=0.05)
    assert heard.channels == 1
    assert heard.level(440) == pytest.approx(-21, abs=1)
    assert not heard.encoded.incomplete


@pytest.mark.parametrize("kind", ["ts", "m2ts", "mpg"])
def test_sound_that_no_table_announces_is_found(listener: Listener, recordings: Recordings, kind: str) -> None:
    """The list of streams names the sound only when it comes, and no longer at the end of the file."""
    mute = recordings.piece(f"mute.{kind}")
    sound = recordings.piece(f"sound.{kind}", f"{tone()} -c:a ac3")
    heard = listener.hear(recordings.join(f"announced.{kind}", *[mute] * 5, sound, *[mute] * 5))
    assert heard.encoded.seconds == pytest.approx(3, abs=0.05)
    assert heard.level(440) == pytest.approx(-21, abs=1)


LOW, HIGH = tone(440), tone(880)
CHANGES = {
    "mono-then-stereo.ts": (f"{LOW} -c:a mp2", f"{HIGH} -c:a mp2 -ac 2", 2),
    "another-rate.ts": (f"{LOW} -c:a mp2 -ar 32000", f"{HIGH} -c:a mp2 -ar 48000", 1),
    "another-codec.ts": (f"{LOW} -c:a mp2", f"{HIGH} -c:a aac", 1),
    "another-codec-and-table.ts": (f"{LOW} -c:a mp2", f"{HIGH} -c:a ac3 -ac 6 -tables_version 1", 2),
    "another-pid.ts": (f"{LOW} -c:a mp2", f"{HIGH} -c:a mp2 -streamid 1:0x202", 1),
    "another-pid-and-table.ts": (f"{LOW} -c:a aac", f"{HIGH} -c:a aac -ac 2 -streamid 1:0x202 -tables_version 1", 2),
    "another-map.ts": (f"{LOW} -c:a mp2", f"{HIGH} -c:a mp2 -mpegts_pmt_start_pid 0x900 -mpegts_start_pid 0x300", 1),
    "another-pid.m2ts": (f"{LOW} -c:a ac3", f"{HIGH} -c:a ac3 -streamid 1:0x1102", 1),
    "another-codec.mpg": (f"{LOW} -c:a mp2", f"{HIGH} -c:a ac3 -ac 6", 2),
    "mono-then-stereo.mpg": (f"{LOW} -c:a mp2", f"{HIGH} -c:a mp2 -ac 2", 2),
    "mono-then-stereo.flv": (f"{LOW} -c:a aac", f"{HIGH} -c:a aac -ac 2", 2),
    "another-codec.flv": (f"{LOW} -c:a libmp3lame", f"{HIGH} -c:a aac", 1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_recording_that_changes_is_converted_whole(listener: Listener, recordings: Recordings, name: str) -> None:
    """Both parts are there, in order and as loud as they are, with the most channels that come."""
    first, second, channels = CHANGES[name]
    pieces = [recordings.piece(f"{n}-{name}", words) for n, words in enumerate((first, second))]
    heard = listener.hear(recordings.join(name, *pieces))
    assert heard.encoded.seconds == pytest.approx(6, abs=0.1)
    assert heard.channels == channels
    assert heard.level(440, end=2.8) > -25
    assert heard.level(880, start=3.2) > -25
    assert heard.level(880, end=2.8) < -50
    assert not heard.encoded.incomplete


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("aac", "-c:a aac", "-c:a aac -ac 2"),
        ("mp3", "-c:a libmp3lame", "-c:a libmp3lame -ac 2"),
        ("ac3", "-c:a ac3", "-c:a ac3 -ac 2"),
        ("flac", "-c:a flac", "-c:a flac -ac 2"),
        ("ogg", "-c:a libvorbis", "-c:a libvorbis -ac 2"),
        ("opus", "-c:a libopus", "-c:a libopus -ac 2"),
        ("oga", "-c:a libvorbis -f ogg", "-c:a libopus -ac 2 -f ogg"),
    ],
)
def test_mono_that_becomes_stereo_is_stereo(
    listener: Listener, recordings: Recordings, kind: str, first: str, second: str
) -> None:
    """The mono part is as loud on both sides as it was."""
    pieces = [
        recordings.make(f"{n}-joined.{kind}", f"{sound} {words}")
        for n, (sound, words) in enumerate(((LOW, first), (HIGH, second)))
    ]
    heard = listener.hear(recordings.join(f"joined.{kind}", *pieces))
    assert heard.encoded.seconds == pytest.approx(6, abs=0.15)
    assert heard.channels == 2
    for side in (0, 1):
        assert heard.level(440, side, end=2.8) == pytest.approx(-21, abs=1)
        assert heard.level(880, side, start=3.2) > -25


def test_streams_that_take_turns_are_converted_in_order(listener: Listener, recordings: Recordings) -> None:
    """The first one comes back after the other one."""
    first, second = recordings.piece("a.vob", f"{LOW} -c:a mp2"), recordings.piece("b.vob", f"{HIGH} -c:a ac3 -ac 2")
    heard = listener.hear(recordings.join("turns.vob", first, second, first))
    assert heard.encoded.seconds == pytest.approx(9, abs=0.2)
    assert heard.level(880, start=3.2, end=5.8) > -25
    assert heard.level(440, start=6.2) > -25


def test_stream_that_is_added_beside_another_is_no_change(listener: Listener, recordings: Recordings) -> None:
    """A second language that begins later does not come after the first one."""
    one = recordings.piece("one-language.ts", f"{LOW} -c:a mp2")
    two = recordings.make(
        "two-languages.ts",
        f"{LOW} {HIGH} {PICTURE} -map 2 -map 0 -map 1 -c:v mpeg2video -c:a mp2",
    )
    heard = listener.hear(recordings.join("added.ts", one, two))
    assert heard.encoded.seconds == pytest.approx(6, abs=0.1)
    assert heard.level(880) < -50


@pytest.mark.parametrize(
    ("kind", "words"), [("ts", "-c:a aac -ac 2 -streamid 0:0x300"), ("aac", "-c:a aac -ac 2"), ("mp3", "-ac 2")]
)
def test_progress_never_goes_backwards(listener: Listener, recordings: Recordings, kind: str, words: str) -> None:
    """Timestamps that restart, and runs that begin again, report no less than before."""
    pieces = [
        recordings.make(f"long-{n}.{kind}", f"{tone(440, seconds)} {more}")
        for n, (seconds, more) in enumerate(((240, ""), (60, words)))
    ]
    heard = listener.hear(recordings.join(f"long.{kind}", *pieces))
    assert heard.encoded.seconds == pytest.approx(300, abs=0.2)
    assert heard.progress == sorted(heard.progress)


def test_sound_that_cannot_be_had_is_said(listener: Listener, recordings: Recordings) -> None:
    """A third of the sound is noise: the MP3 has the rest, and is incomplete."""
    content = bytearray(recordings.make("whole.mp4", f"{LOW} -c:a aac -ac 2").read_bytes())
    start, end = content.find(b"mdat") + 4, content.find(b"moov") - 4
    third = (end - start) // 3
    content[start + third : start + 2 * third] = random.Random(1).randbytes(third)  # no secret
    broken = recordings.bytes("broken.mp4", bytes(content))
    assert listener.hear(broken).encoded.incomplete


def test_recording_whose_changes_are_too_many_to_find_is_incomplete(
    listener: Listener, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is converted as far as it was searched."""
    pieces = [
        recordings.piece(f"{n}-lost.ts", f"{sound} -c:a mp2 -streamid 1:0x20{n}") for n, sound in enumerate((LOW, HIGH))
    ]
    monkeypatch.setattr(search, "MAX_FINDS", 9)
    heard = listener.hear(recordings.join("lost.ts", *pieces))
    assert heard.encoded.seconds == pytest.approx(3, abs=0.1)
    assert heard.encoded.incomplete


def test_lease_is_renewed_while_a_recording_is_searched(
    listener: Listener, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BLOCK_BYTES", 1024)
    recording = recordings.make("two-tracks.ts", f"{LOW} {HIGH} -map 0 -map 1 -c:a mp2")
    assert len(listener.hear(recording).progress) > recording.stat().st_size / 1024


@pytest.mark.parametrize("name", ["plain.ts", "plain.mp4", "plain.mkv", "plain.mov", "plain.wav"])
def test_ordinary_file_needs_one_run(listener: Listener, recordings: Recordings, name: str) -> None:
    """ffmpeg starts once for a video with one track in mono or stereo."""
    heard = listener.hear(recordings.make(name, f"{LOW} -ac 2"))
    assert heard.runs == 1
