import pytest

from functions.shared.problems import Problem
from functions.upload import names


@pytest.mark.parametrize(
    "name", ["a", "a" * 255, "ä" * 127, "Screen Recording 3.00\u202fPM.mov", "👨\u200d👩\u200d👧.mp4", " a "]
)
def test_a_name_that_can_be_shown_is_kept(name: str) -> None:
    """Up to 255 bytes, of whatever script."""
    assert names.check(name) == name


@pytest.mark.parametrize(
    "name", ["", "\u00a0", "a" * 256, "ä" * 128, "a/b", "a\\b", "\ta", "a\x85", "a\u2029", "\ud800"]
)
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    """Nothing is stripped in silence."""
    with pytest.raises(Problem) as caught:
        names.check(name)
    assert caught.value.status == 422
