from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.forgery import Bait
from tests.journey.authorization.people import People
from tests.stacks import RunningStack


@pytest.fixture(scope="session")
def people(stack: RunningStack) -> People:
    return People(stack)


@pytest.fixture(scope="module")
def bait() -> Iterator[Bait]:
    with closing(Bait()) as bait:
        yield bait
