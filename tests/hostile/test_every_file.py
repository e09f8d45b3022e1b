"""The long form: every file of every family, without options and with the heaviest ones: `make test-hostile-long`."""

from collections.abc import Iterator

import pytest

from tests.hostile import report
from tests.hostile.case import Case
from tests.hostile.families import FAMILIES
from tests.hostile.product import Outcome, Product

FILES = [(family, each) for family, cases in FAMILIES.items() for case in cases for each in (case, case.heaviest())]
Outcomes = dict[tuple[str, str], Outcome]


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    """The outcome of each file, by family and title; written into the report if all were run."""
    outcomes: Outcomes = {}
    yield outcomes
    if request.session.testscollected >= len(FILES):
        report.write(outcomes)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("family", "case"), FILES, ids=[f"{family}: {case.title}" for family, case in FILES])
def test_hostile_file_reaches_nothing_and_ends(product: Product, outcomes: Outcomes, family: str, case: Case) -> None:
    """No connection is made, no foreign content is in an MP3 or an answer, and the job ends as allowed within 150 s and
    512 MiB; convert keeps running.
    """
    outcomes[family, case.title] = product.take(case)


def test_every_file_has_a_title_of_its_own() -> None:
    """Titles are unique, as the report goes by them, and there are as many files as required."""
    assert len({(family, case.title) for family, case in FILES}) == len(FILES) >= 2 * 57
