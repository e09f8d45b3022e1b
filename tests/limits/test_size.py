"""A large video, on its way through all of the product."""

from pathlib import Path

import pytest

from tests.limits.sending import Growth, put
from tests.limits.video import padded
from tests.support.person import Person
from tests.support.stacks import RunningStack

MIB = 1024**2
SIZE = 256 * MIB

pytestmark = pytest.mark.timing


@pytest.mark.parametrize("length", [SIZE, None], ids=["announced", "in chunks"])
def test_large_video_takes_little_memory(stack: RunningStack, film_clip: Path, length: int | None) -> None:
    """256 MiB pass gateway and upload, neither of which grows by 64 MiB, and become an MP3."""
    person, growth = Person(stack.url, stack.mail), Growth()
    with growth.watched(stack):
        answer = put(person, padded(film_clip.read_bytes(), SIZE), length)
    assert (answer.status_code, answer.json()["size"]) == (202, SIZE)
    assert all(mebibytes < 64 for mebibytes in growth.mebibytes.values()), growth
    assert person.finished(answer.json()["id"])["state"] == "done"
