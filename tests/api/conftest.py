"""How many cases: `--hypothesis-profile api` or `api-long`. Either draws the same ones at each run."""

import pytest
from hypothesis import HealthCheck, settings

from tests.api import guests
from tests.api.contract import schema
from tests.api.seen import Seen
from tests.support.people import People
from tests.support.stacks import RunningStack

settings.register_profile(
    "api",
    max_examples=15,
    stateful_step_count=8,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
settings.register_profile("api-long", settings.get_profile("api"), max_examples=800)


@pytest.fixture(scope="session")
def people(stack: RunningStack) -> People:
    return People(stack)


@pytest.fixture(scope="session")
def seen() -> Seen:
    return Seen()


@pytest.fixture(autouse=True)
def _from_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema.transport, "send", guests.send)
