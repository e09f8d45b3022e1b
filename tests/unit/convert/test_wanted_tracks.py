import pytest

from functions.convert import tracks
from functions.convert.streams import Layout, Stream

STEREO, SURROUND = Layout(48000, "stereo"), Layout(48000, "5.1(side)")


def _streams(*languages: str) -> list[Stream]:
    return [Stream(0, number + 1, "aac", language, frozenset(), STEREO) for number, language in enumerate(languages)]


@pytest.mark.parametrize("asked", ["de", "deu", "ger", "de-ch", "de-at"])
@pytest.mark.parametrize("tagged", ["deu", "ger", "de", "de-DE"])
def test_language_is_found_by_any_of_its_codes(asked: str, tagged: str) -> None:
    streams = _streams("eng", tagged, "und")
    assert tracks.asked(streams, asked) == [streams[1]]


@pytest.mark.parametrize(
    ("asked", "tagged"),
    [("pt-br", "por"), ("he", "iw"), ("iw", "heb"), ("zh", "chi"), ("cmn", "zho"), ("no", "nob"), ("nn", "nor")],
)
def test_language_is_found_by_old_codes_and_macrolanguages(asked: str, tagged: str) -> None:
    streams = _streams("eng", tagged)
    assert tracks.asked(streams, asked) == [streams[1]]


def test_exact_language_goes_before_its_macrolanguage() -> None:
    streams = _streams("nob", "nno", "nor")
    assert tracks.asked(streams, "nn") == [streams[1]]


def test_unknown_language_is_compared_as_it_is() -> None:
    streams = _streams("und", "qaa", "xx")
    assert tracks.asked(streams, "qaa") == [streams[1]]
    assert tracks.asked(streams, "xx") == [streams[2]]
    assert tracks.asked(streams, "und") == []


def test_number_counts_the_audio_tracks_from_zero() -> None:
    streams = _streams("eng", "deu")
    assert tracks.asked(streams, "1") == [streams[1]]
    assert tracks.asked(streams, "2") == []


def test_reason_says_which_tracks_there_are() -> None:
    """The language by its name, the layout, and for whom the track is."""
    streams = [
        Stream(0, 1, "ac3", "eng", frozenset({"default"}), SURROUND),
        Stream(0, 2, "aac", "ger", frozenset({"hearing impaired"}), STEREO),
        Stream(0, 3, "aac", "und", frozenset(), None),
    ]
    reason = tracks.missing("fr", streams)
    assert reason.code == "no_such_track"
    listed = "0 English 5.1, 1 German stereo (hearing impaired), 2 of an unknown form"
    assert f"no audio track fr. Its tracks are: {listed}." in reason.message


def test_reason_lists_no_more_than_twenty_tracks() -> None:
    assert "19 English stereo and 480 more." in tracks.missing("fr", _streams(*["eng"] * 500)).message
