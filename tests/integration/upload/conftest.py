from collections.abc import Iterator

import pytest

from functions.shared import mongo
from scripts.local.secrets import Secrets
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.ingress import Ingress, listening
from tests.support.stacks import Server, StartFunction


@pytest.fixture(scope="session")
def store(mongodb: Server) -> Store:
    return Store(mongo.database(mongodb.url))


@pytest.fixture(scope="session")
def broker() -> Iterator[Ingress]:
    with listening() as ingress:
        yield ingress


@pytest.fixture(scope="session")
def settings(mongodb: Server, mysql: Server, secrets: Secrets, broker: Ingress) -> dict[str, str]:
    return {
        "MONGODB_URL": mongodb.url_of("upload"),
        "MYSQL_URL": mysql.url_of("upload"),
        "GATEWAY_PASSWORD": secrets.password("gateway"),
        "JWT_PUBLIC_KEYS": secrets.read("jwt-public", "keys"),
        "K_SINK": broker.url,
        "THREADS": "16",
        "QUOTA_STORED_MIB": "65536",  # for several concurrent bodies without a length
    }


@pytest.fixture(scope="session")
def upload(start_function: StartFunction, settings: dict[str, str]) -> str:
    """The address of the function."""
    return start_function("upload", settings)


@pytest.fixture
def caller(upload: str, secrets: Secrets) -> Caller:
    return newcomer(upload, secrets)
