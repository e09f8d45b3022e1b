import pytest

from scripts.local.broker.durations import go_seconds, iso_to_go


@pytest.mark.parametrize(
    ("iso", "seconds"), [("PT0.2S", 0.2), ("PT2H30M", 9000), ("P1DT1S", 86401), ("PT1M0.79S", 60.7)]
)
def test_manifests_durations_reach_the_programs(iso: str, seconds: float) -> None:
    """An ISO 8601 duration means the same after it has been one of Go's, to one decimal place."""
    assert go_seconds(iso_to_go(iso)) == pytest.approx(seconds)


@pytest.mark.parametrize(("go", "seconds"), [("50ms", 0.05), ("0s", 0), ("1m0.5s", 60.5), ("1h2m3s", 3723)])
def test_go_durations_are_read(go: str, seconds: float) -> None:
    """Every unit counts."""
    assert go_seconds(go) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "5x", "PT5S", "-5s"])
def test_other_texts_are_no_go_durations(text: str) -> None:
    """A malformed duration is an error."""
    with pytest.raises(ValueError, match="Go duration"):
        go_seconds(text)


@pytest.mark.parametrize("text", ["", "P", "PT", "5s", "P1Y"])
def test_other_texts_are_no_iso_durations(text: str) -> None:
    """A malformed duration is an error."""
    with pytest.raises(ValueError, match="ISO 8601"):
        iso_to_go(text)
