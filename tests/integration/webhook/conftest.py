"""webhook as a function of its own, and a receiver on this machine."""

from collections.abc import Iterator

import pytest
from pymongo.database import Database

from functions.shared import mongo
from functions.shared.mongo import Document
from scripts.local.secrets import Secrets
from scripts.local.stack import RECEIVER
from tests.support.callers import Caller, newcomer
from tests.support.receiver import Receiver
from tests.support.stacks import Server, StartFunction


@pytest.fixture(scope="session")
def database(mongodb: Server) -> Database[Document]:
    return mongo.database(mongodb.url)


@pytest.fixture(scope="session")
def webhook(start_function: StartFunction, mongodb: Server, mysql: Server, secrets: Secrets) -> str:
    """The address of the function."""
    settings = {
        "MONGODB_URL": mongodb.url_of("webhook"),
        "MYSQL_URL": mysql.url_of("webhook"),
        "GATEWAY_PASSWORD": secrets.password("gateway"),
        "JWT_PUBLIC_KEYS": secrets.read("jwt-public", "keys"),
        "WEBHOOK_ALLOW": f"{RECEIVER}/32",
        "THREADS": "8",
    }
    return start_function("webhook", settings)


@pytest.fixture(scope="session")
def _receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def receiver(_receiver: Receiver) -> Receiver:
    _receiver.reset()
    return _receiver


@pytest.fixture
def caller(webhook: str, secrets: Secrets) -> Caller:
    return newcomer(webhook, secrets)


@pytest.fixture
def stranger(webhook: str, secrets: Secrets) -> Caller:
    return newcomer(webhook, secrets)
