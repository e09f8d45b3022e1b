"""The short form: the first file of each family."""

import pytest

from tests.hostile.families import FAMILIES
from tests.hostile.product import Product


@pytest.mark.parametrize("family", FAMILIES)
def test_a_hostile_file_reaches_nothing_and_ends(product: Product, family: str) -> None:
    """Nobody is connected to, nothing foreign is in an MP3 or an answer, and the job ends as it should, in memory's
    limit; convert lives on.
    """
    product.take(FAMILIES[family][0])
