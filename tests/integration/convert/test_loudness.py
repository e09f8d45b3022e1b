"""The loudness that an MP3 has by Debian's meter, whatever is in the audio."""

import pytest

from tests.integration.convert.hearing import Listener
from tests.integration.convert.recordings import Recordings, channels

NOISE = "-f lavfi -i anoisesrc=c=pink:r=48000:d=20:a=0.25:s=3 -af volume='0.15+0.85*pow(abs(sin(9.4*t)),6)':eval=frame"
SOURCES = {
    "tone.wav": channels("0.1*sin(440*2*PI*t)", "mono", 10),
    "loud.wav": channels("sin(440*2*PI*t)|sin(440*2*PI*t)", "stereo", 10),
    "drum.wav": channels("0.9*sin(60*2*PI*t)*exp(-8*mod(t\\,0.5))", "mono", 20),
    "bursts.wav": NOISE,
    "surround.flac": channels("|".join(["0.2*sin(440*2*PI*t)"] * 6), "5.1", 10),
    "low.wav": "-f lavfi -i sine=440:r=8000:d=10",
}


@pytest.mark.parametrize("loudness", ["-30", "-16", "-14"])
@pytest.mark.parametrize("name", SOURCES)
def test_mp3_has_the_loudness_within_half_a_unit(
    listener: Listener, recordings: Recordings, name: str, loudness: str
) -> None:
    measured, peak = listener.hear(recordings.make(name, SOURCES[name]), loudness=loudness).measured
    assert measured == pytest.approx(float(loudness), abs=0.5)
    assert peak <= -1


@pytest.mark.parametrize(
    "options",
    [
        {"quality": "64k", "channels": "mono", "loudness": "-14"},
        {"quality": "9", "loudness": "-14"},
        {"quality": "48k", "sample_rate": "16000", "loudness": "-14"},
        {"quality": "320k", "loudness": "-12"},
    ],
    ids=str,
)
def test_few_bits_and_the_limiter_are_made_up_for(
    listener: Listener, recordings: Recordings, options: dict[str, str]
) -> None:
    """Both take high tones or peaks away, so the MP3 itself is measured."""
    measured, peak = listener.hear(recordings.make("bursts.wav", NOISE), **options).measured
    assert measured == pytest.approx(float(options["loudness"]), abs=0.5)
    assert peak <= -1


def test_loudness_that_no_gain_can_give_ends_below_the_limit_of_the_peak(
    listener: Listener, recordings: Recordings
) -> None:
    measured, peak = listener.hear(recordings.make("drum.wav", SOURCES["drum.wav"]), loudness="-6").measured
    assert -11 < measured < -6
    assert peak <= -1


@pytest.mark.parametrize("words", ["-f lavfi -i anullsrc=r=48000:d=3", "-f lavfi -i sine=440:r=48000:d=0.2"])
def test_audio_that_cannot_be_measured_is_left_as_it_is(listener: Listener, recordings: Recordings, words: str) -> None:
    """Silence, and less than the 0.4 s of a block."""
    file = recordings.make(f"unmeasured{len(words)}.wav", words)
    plain = listener.hear(file).mp3.read_bytes()
    assert listener.hear(file, loudness="-14").mp3.read_bytes() == plain
