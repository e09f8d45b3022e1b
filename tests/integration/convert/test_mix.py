"""Sound of many channels, as loud in the MP3 as it is, whatever its codec."""

from array import array

import pytest

from tests.integration.convert.hearing import Listener, decoded
from tests.integration.convert.recordings import Recordings, channels, tone

# 997 Hz in both front channels and in the centre: together 1.366 of full scale, +2.7 dB.
LOUD = channels("|".join(["0.8*sin(2*PI*997*t)"] * 3 + ["0"] * 3), "5.1")
# -20 dBFS (RMS) in the centre alone.
VOICE = channels("0|0|0.1414*sin(2*PI*997*t)|0|0|0", "5.1")
# -20 dBFS in one surround channel, and in the LFE.
SURROUND = channels("0|0|0|0|0.1414*sin(2*PI*997*t)|0", "5.1")
DEEP = channels("0|0|0|0.1414*sin(2*PI*60*t)|0|0", "5.1")
CODECS = (
    "aac",
    "ac3",
    "eac3",
    "dca",
    "libopus",
    "libvorbis",
    "flac",
    "pcm_s16le",
    "pcm_f32le",
    "alac",
    "truehd",
    "mlp",
)


@pytest.mark.parametrize("codec", CODECS)
def test_loud_surround_sound_does_not_clip(listener: Listener, recordings: Recordings, codec: str) -> None:
    """The sum is limited, to the same level of every codec."""
    heard = listener.hear(recordings.make(f"loud-{codec}.mkv", f"{LOUD} -c:a {codec} -strict -2"))
    assert heard.peak <= 0
    assert heard.levels == pytest.approx([-6, -6], abs=0.5)


@pytest.mark.parametrize("codec", CODECS)
def test_voice_in_the_centre_is_3_db_lower_on_each_side(listener: Listener, recordings: Recordings, codec: str) -> None:
    """By ITU-R BS.775, of every codec."""
    heard = listener.hear(recordings.make(f"voice-{codec}.mkv", f"{VOICE} -c:a {codec} -strict -2"))
    assert heard.levels == pytest.approx([-23, -23], abs=0.3)


def test_surround_channel_is_3_db_lower_on_its_side(listener: Listener, recordings: Recordings) -> None:
    heard = listener.hear(recordings.make("surround.flac", f"{SURROUND}"))
    assert heard.level(997) == pytest.approx(-23, abs=0.5)
    assert heard.level(997, 1) < -60


def test_lfe_is_left_out(listener: Listener, recordings: Recordings) -> None:
    assert max(listener.hear(recordings.make("deep.flac", f"{DEEP}")).levels) < -60


def test_limiter_does_not_pump(listener: Listener, recordings: Recordings) -> None:
    """A quiet tone is as loud 0.2 s after a loud one as before it."""
    quiet, loud = "0.05*sin(2*PI*440*t)", "0.8*sin(2*PI*997*t)*between(t\\,1\\,2)"
    film = channels("|".join([f"{quiet}+{loud}"] * 3 + ["0"] * 3), "5.1", 4)
    heard = listener.hear(recordings.make("pump.flac", film))
    assert heard.level(440, start=2.2, end=2.9) == pytest.approx(heard.level(440, start=0.2, end=0.9), abs=0.3)


@pytest.mark.parametrize("layout", ["quad", "5.0", "hexagonal", "7.1.4", "3.1.2", "octagonal", "cube", "22.2"])
def test_every_layout_is_mixed(listener: Listener, recordings: Recordings, layout: str) -> None:
    """Layouts that swresample cannot mix are no damage."""
    heard = listener.hear(recordings.make(f"{layout}.caf", f"{tone()} -af pan={layout}|c0=c0|c1=c0 -c:a pcm_s24le"))
    assert heard.channels == 2
    assert max(heard.levels) == pytest.approx(-21, abs=3.5)


@pytest.mark.parametrize("number", range(3, 17))
@pytest.mark.parametrize("kind", ["mov", "wav"])
def test_channels_without_names_keep_their_level(
    listener: Listener, recordings: Recordings, kind: str, number: int
) -> None:
    """Two that are used are as loud as they were, beside any number of silent ones."""
    words = f"{tone()} -filter_complex [0]pan={number}C|c0=c0|c1=c0[a] -map [a] -c:a pcm_s16le"
    heard = listener.hear(recordings.make(f"unnamed-{number}.{kind}", words))
    assert heard.levels == pytest.approx([-21, -21], abs=0.5)


@pytest.mark.parametrize("number", [4, 6, 8, 12])
def test_no_channel_without_a_name_is_lost(listener: Listener, recordings: Recordings, number: int) -> None:
    """Whichever is used, it is at most 3 dB lower."""
    for used in range(number):
        words = f"{tone()} -filter_complex [0]pan={number}C|c{used}=c0[a] -map [a] -c:a pcm_s16le"
        heard = listener.hear(recordings.make(f"used-{number}-{used}.mov", words))
        assert max(heard.levels) == pytest.approx(-22.5, abs=2)


@pytest.mark.parametrize("source", [8000, 11025, 12000, 16000, 22050, 44100, 48000, 96000, 192000])
def test_mp3_has_no_rate_that_small_players_refuse(listener: Listener, recordings: Recordings, source: int) -> None:
    """Below 16 kHz it has a multiple, of at least 32 kHz; above 48 kHz it has 48 kHz."""
    rates = {8000: 32000, 11025: 44100, 12000: 48000, 96000: 48000, 192000: 48000}
    heard = listener.hear(recordings.make(f"{source}.wav", f"-f lavfi -i sine=440:r={source}:d=2"))
    assert heard.rate == rates.get(source, source)
    assert heard.encoded.seconds == pytest.approx(2, abs=0.01)


def test_limiter_does_not_delay_the_sound(listener: Listener, recordings: Recordings) -> None:
    """A click in the middle of six channels stays where it is."""
    click = channels("|".join(["0.9*between(t\\,0.5\\,0.5005)"] * 6), "5.1", 1)
    pcm = array("h", decoded(listener.hear(recordings.make("click.flac", click)).mp3))
    loudest = max(range(len(pcm)), key=lambda place: abs(pcm[place]))
    assert loudest == pytest.approx(24_012, abs=30)
