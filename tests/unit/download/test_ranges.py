import pytest

from functions.download.errors import Unsatisfiable
from functions.download.ranges import part


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, None),
        ("bytes=0-9", (0, 10)),
        ("bytes=99-99", (99, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-100", (0, 100)),
        ("bytes=-101", (0, 100)),
        ("bytes=0-1,3-4", None),
        ("bytes=9-0", None),
        ("lines=0-9", None),
    ],
)
def test_a_part_of_a_hundred_bytes(asked: str | None, found: tuple[int, int] | None) -> None:
    """One range of bytes is a part, anything else the whole."""
    assert part(asked, 100) == found


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200"])
def test_a_part_behind_the_end(asked: str) -> None:
    """A range that begins behind the last byte cannot be satisfied."""
    with pytest.raises(Unsatisfiable):
        part(asked, 100)
