"""The short form: the first file of each family, without options and with the heaviest ones."""

import pytest

from tests.hostile.case import Case
from tests.hostile.families import FAMILIES
from tests.hostile.product import Product


@pytest.mark.parametrize(
    "case",
    [each for cases in FAMILIES.values() for each in (cases[0], cases[0].heaviest())],
    ids=lambda case: case.title,
)
def test_hostile_file_reaches_nothing_and_ends(product: Product, case: Case) -> None:
    """No connection is made, no foreign content is in an MP3 or an answer, and the job ends as allowed; convert stays
    below its memory limit and keeps running.
    """
    product.take(case)
