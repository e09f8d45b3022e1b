"""The short form: one in thirteen of the whole files, and two damaged copies of each."""

from pathlib import Path

import pytest

from tests.corpus import corpus, people, verdict
from tests.support.stacks import RunningStack


@pytest.mark.timeout(300)
def test_every_file_ends_in_an_mp3_or_a_reason(stack: RunningStack, tmp_path: Path) -> None:
    """A whole file becomes an MP3 as long as its sound, a damaged one does or fails with a reason; one mail each."""
    outcomes = people.bring(stack, corpus.made(tmp_path, every=13))
    broken = verdict.broken(outcomes, stack)
    assert not broken, "\n".join(broken)
