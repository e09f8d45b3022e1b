"""`start` and `end`: exact to the sample, with a seek as without one, and what happens where there is no audio."""

import pytest

from functions.convert import span, verdict
from functions.shared.job.document import Reason
from tests.integration.convert.hearing import Listener
from tests.integration.convert.recordings import PICTURE, Recordings, tone

LONG = "-f lavfi -i anoisesrc=r={rate}:d=170:a=0.2:s=1"
FILM = "-f lavfi -i color=black:s=64x48:r=10:d=170"
CONTAINERS = {
    "long.mp4": (48000, f"{FILM} -c:v mpeg4 -c:a aac"),
    "long44.mp4": (44100, f"{FILM} -c:v mpeg4 -c:a aac"),
    "long.mov": (48000, f"{FILM} -c:v mpeg4 -c:a pcm_s16le"),
    "long.mkv": (44100, f"{FILM} -c:v mpeg4 -c:a aac"),
    "long.webm": (48000, f"{FILM} -c:v libvpx -deadline realtime -c:a libopus"),
    "vorbis.webm": (48000, "-c:a libvorbis"),
    "long.flv": (44100, f"{FILM} -c:v flv1 -c:a aac"),
    "long.ts": (44100, f"{FILM} -c:v mpeg4 -c:a aac"),
    "long.wma": (44100, "-c:a wmav2"),
    "long.ogg": (44100, "-c:a libvorbis"),
    "long.mp3": (44100, "-c:a libmp3lame"),
    "long.flac": (48000, "-c:a flac"),
    "long.wav": (44100, "-c:a pcm_s16le"),
    "long.aac": (44100, "-c:a aac"),
    "long.avi": (48000, f"{FILM} -c:v mpeg4 -c:a ac3"),
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("times", [{"start": "150.25", "end": "152.5"}, {"start": "-4.12", "end": "-1"}], ids=str)
def test_seek_finds_the_same_samples_as_decoding_from_the_beginning(
    listener: Listener, recordings: Recordings, monkeypatch: pytest.MonkeyPatch, name: str, times: dict[str, str]
) -> None:
    rate, words = CONTAINERS[name]
    file = recordings.make(name, f"{LONG.format(rate=rate)} -ac 1 {words}")
    heard = listener.hear(file, **times)
    found = heard.mp3.read_bytes()
    monkeypatch.setattr(span, "SEEK_FROM", 1e9)
    assert found == listener.hear(file, **times).mp3.read_bytes()
    assert heard.samples == round((float(times["end"]) - float(times["start"])) * rate)


def test_timestamps_that_jump_behind_the_begin_lose_nothing(listener: Listener, recordings: Recordings) -> None:
    """By an hour after 151 s: samples are counted from the begin on."""
    jump = r"setts=ts=TS+if(gt(TS*TB\,151)\,3600/TB\,0)"
    file = recordings.make("jump.mkv", f"{LONG.format(rate=44100)} -c:a aac -bsf:a {jump}")
    heard = listener.hear(file, start="150", end="155.001")
    assert heard.runs == 3
    assert heard.samples == 220_544


@pytest.mark.parametrize("kind", ["mkv", "m4a", "mp3"])
def test_chapters_behind_a_seek_have_their_times_in_the_mp3(
    listener: Listener, recordings: Recordings, kind: str
) -> None:
    """Those that end before `start`, or begin behind `end`, are left out."""
    times = [(0, 100), (100, 140), (140, 160), (160, 170)]
    lines = [f"[CHAPTER]\nTIMEBASE=1/1\nSTART={start}\nEND={end}\ntitle=From {start}\n" for start, end in times]
    meta = recordings.bytes("chapters.txt", (";FFMETADATA1\n" + "".join(lines)).encode())
    codec = "libmp3lame" if kind == "mp3" else "aac"
    words = f"{LONG.format(rate=44100)} -f ffmetadata -i {meta} -map 0 -map_chapters 1 -c:a {codec}"
    heard = listener.hear(recordings.make(f"chapters.{kind}", words), start="130", end="150.5")
    assert heard.chapters == [("From 100", 0, 10_000), ("From 140", 10_000, 20_500)]


def test_late_begin_is_not_decoded_from_the_beginning(listener: Listener, recordings: Recordings) -> None:
    """Without a seek, one run is enough."""
    file = recordings.make("long.flac", LONG.format(rate=48000))
    assert listener.hear(file, start="60", end="62").runs == 2
    assert listener.hear(file, start="150.25", end="152.5").runs == 3


@pytest.mark.parametrize(
    "times", [{"start": "3"}, {"start": "100"}, {"end": "-3"}, {"start": "2", "end": "-1.5"}], ids=str
)
@pytest.mark.parametrize("words", ["-c:a pcm_s16le", f"{PICTURE} -c:v mpeg4 -c:a aac -t 3"])
def test_span_without_audio_is_refused_with_the_length_that_there_is(
    listener: Listener, recordings: Recordings, words: str, times: dict[str, str]
) -> None:
    ended, *_ = listener.encode(recordings.make(f"three{len(words)}.mov", f"{tone()} {words}"), **times)
    assert isinstance(ended, Reason)
    assert ended.code == "no_such_part"
    assert "3.000 s long" in ended.message


def test_audio_that_ends_before_the_video_is_refused_with_its_own_length(
    listener: Listener, recordings: Recordings
) -> None:
    """The video goes on for 6 s, its audio for 2 s."""
    file = recordings.make("short.mkv", f"{tone(seconds=2)} -f lavfi -i color=s=64x48:d=6 -c:a flac -c:v mpeg4")
    ended, *_ = listener.encode(file, start="4")
    assert isinstance(ended, Reason)
    assert "2.000 s long" in ended.message


def test_more_than_there_is_from_the_end_is_all(listener: Listener, recordings: Recordings) -> None:
    heard = listener.hear(recordings.make("three.flac", tone()), start="-100", end="200")
    assert heard.encoded.seconds == pytest.approx(3, abs=0.001)


@pytest.mark.parametrize("start", ["1", "-2"])
def test_damaged_video_is_called_damaged_with_options_too(
    listener: Listener, recordings: Recordings, start: str
) -> None:
    file = recordings.make("good.mp4", f"{tone()} -c:a aac -movflags faststart").read_bytes()
    broken = recordings.bytes("broken.mp4", file[: file.find(b"mdat") + 4] + bytes(20_000))
    ended, *_ = listener.encode(broken, start=start, loudness="-16")
    assert ended is verdict.DAMAGED


@pytest.mark.parametrize("kind", ["ts", "mpg", "flv"])
def test_span_of_audio_that_changes_is_cut_from_all_of_it(
    listener: Listener, recordings: Recordings, kind: str
) -> None:
    """3 s of 440 Hz, mono, and 3 s of 880 Hz, stereo: the span has one second of each."""
    first = recordings.piece(f"first.{kind}", f"{tone(440)} -c:a mp2" if kind != "flv" else f"{tone(440)} -c:a mp3")
    then = recordings.piece(
        f"then.{kind}", f"{tone(880)} -ac 2 -c:a mp2" if kind != "flv" else f"{tone(880)} -ac 2 -c:a mp3"
    )
    heard = listener.hear(recordings.join(f"joined.{kind}", first, then), start="2", end="4")
    assert heard.encoded.seconds == pytest.approx(2, abs=0.1)
    assert heard.level(440, end=0.9) > -30
    assert heard.level(880, start=1.1) > -30
    assert heard.channels == 2
