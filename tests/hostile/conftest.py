from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.canary import Canary
from tests.hostile.product import Product
from tests.support.stacks import RunningStack


@pytest.fixture(scope="session")
def canary(state: Path, stack: RunningStack) -> Iterator[Canary]:
    """The canary, with its files in convert's scratch folder too, next to the folder of each conversion."""
    with Canary(state / "canary", state / "stack/scratch") as canary:
        yield canary


@pytest.fixture(scope="session")
def product(stack: RunningStack, canary: Canary) -> Product:
    return Product(stack, canary)
