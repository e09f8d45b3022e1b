"""The long form (`make test-corpus-long`): all generated files, or those of the folder in the variable CORPUS."""

import os
from pathlib import Path

import pytest

from tests.corpus import corpus, people, report, verdict
from tests.support import figures
from tests.support.stacks import RunningStack

OWN = os.environ.get("CORPUS", "")


@pytest.mark.timeout(12 * 3600 if OWN else 1500)
def test_every_file_ends_in_an_mp3_or_a_reason(stack: RunningStack, state: Path) -> None:
    """A whole file becomes an MP3 as long as its sound, a damaged one does or fails with a reason; one mail each."""
    files = corpus.own(Path(OWN)) if OWN else corpus.made(state / "corpus")
    outcomes = people.bring(stack, files)
    if OWN:
        print("", *report.lines(outcomes), *report.unheard(outcomes), sep="\n")
    else:
        figures.write("make test-corpus-long", report.lines(outcomes), Path(__file__).with_name("README.md"))
    broken = verdict.broken(outcomes, stack)
    assert not broken, "\n".join(broken)
