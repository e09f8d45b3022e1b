import pytest

from functions.download.errors import Unsatisfiable
from functions.download.ranges import part


@pytest.mark.parametrize(
    ("header", "found"),
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
def test_range_in_a_hundred_bytes(header: str | None, found: tuple[int, int] | None) -> None:
    """One range of bytes selects a part; anything else means the whole file."""
    assert part(header, 100) == found


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200"])
def test_range_beyond_the_end_is_unsatisfiable(asked: str) -> None:
    with pytest.raises(Unsatisfiable):
        part(asked, 100)
