"""The short form: the first file of each family."""

import pytest

from tests.hostile.families import FAMILIES
from tests.hostile.product import Product


@pytest.mark.parametrize("family", FAMILIES)
def test_hostile_file_reaches_nothing_and_ends(product: Product, family: str) -> None:
    """No connection is made, no foreign content is in an MP3 or an answer, and the job ends as allowed; convert stays
    below its memory limit and keeps running.
    """
    product.take(FAMILIES[family][0])
