import pytest

from functions.convert.wanted import ANYTHING, Wanted
from functions.shared.job.options import DEFAULT, Options


def _wanted(**options: str) -> Wanted:
    return Wanted.of(Options.parse(options.items()))


def test_nothing_asked_is_the_quality_2_or_a_copy() -> None:
    assert Wanted.of(DEFAULT) == ANYTHING
    assert ANYTHING.encoding == ("q:a", 2)
    assert not ANYTHING.sound


@pytest.mark.parametrize(
    ("quality", "encoding"), [("source", ("q:a", 2)), ("0", ("q:a", 0)), ("9", ("q:a", 9)), ("96k", ("b:a", "96k"))]
)
def test_quality_is_an_option_of_the_encoder(quality: str, encoding: tuple[str, str | int]) -> None:
    assert _wanted(quality=quality).encoding == encoding


@pytest.mark.parametrize("name", ["quality", "channels", "sample_rate"])
def test_source_lets_mp3_be_copied(name: str) -> None:
    assert not _wanted(**{name: "source"}).sound


@pytest.mark.parametrize(
    "options",
    [
        {"quality": "2"},
        {"channels": "mono"},
        {"sample_rate": "48000"},
        {"start": "0"},
        {"end": "-1"},
        {"loudness": "-14"},
    ],
    ids=str,
)
def test_anything_asked_of_the_sound_means_that_mp3_is_not_copied(options: dict[str, str]) -> None:
    assert _wanted(**options).sound


@pytest.mark.parametrize("options", [{"title": "x"}, {"keep": ""}, {"track": "1"}], ids=str)
def test_tags_and_tracks_let_mp3_be_copied(options: dict[str, str]) -> None:
    assert not _wanted(**options).sound


@pytest.mark.parametrize(
    ("quality", "own", "rate"), [("320k", 22050, 44100), ("192k", 16000, 32000), ("160k", 16000, 16000)]
)
def test_high_bitrate_has_a_sample_rate_that_allows_it(quality: str, own: int, rate: int) -> None:
    """MP3s of less than 32 kHz have at most 160 kbit/s."""
    assert _wanted(quality=quality).sample_rate(own) == rate
