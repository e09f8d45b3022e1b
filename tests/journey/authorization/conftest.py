from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.forgery import Bait
from tests.support.people import People
from tests.support.stacks import RunningStack


@pytest.fixture(scope="session")
def people(stack: RunningStack) -> People:
    return People(stack)


@pytest.fixture(scope="module")
def bait() -> Iterator[Bait]:
    with closing(Bait()) as bait:
        yield bait
