import pytest

from functions.shared import mongo
from scripts.local.secrets import Secrets
from tests.support.callers import Caller, newcomer
from tests.support.shelf import Shelf
from tests.support.stacks import Server, StartFunction


@pytest.fixture(scope="session")
def shelf(mongodb: Server) -> Shelf:
    return Shelf(mongo.database(mongodb.url))


@pytest.fixture(scope="session")
def download(start_function: StartFunction, mongodb: Server, mysql: Server, secrets: Secrets) -> str:
    """The address of the function."""
    settings = {
        "MONGODB_URL": mongodb.url_of("download"),
        "MYSQL_URL": mysql.url_of("download"),
        "GATEWAY_PASSWORD": secrets.password("gateway"),
        "LINK_KEYS": secrets.password("link-keys", "keys"),
        "PUBLIC_URL": "https://gateway.example",
        "JWT_PUBLIC_KEYS": secrets.read("jwt-public", "keys"),
        "THREADS": "16",
    }
    return start_function("download", settings)


@pytest.fixture
def caller(download: str, secrets: Secrets) -> Caller:
    return newcomer(download, secrets)


@pytest.fixture
def stranger(download: str, secrets: Secrets) -> Caller:
    return newcomer(download, secrets)
