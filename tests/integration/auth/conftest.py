from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.conftest import StartFunction
from tests.integration.auth.client import Client
from tests.integration.auth.downloads import Downloads
from tests.integration.auth.keys import Keys
from tests.stacks import Server


@pytest.fixture(scope="session")
def database(mysql: Server) -> Server:
    """The server of the path, or MySQL 9 by `make test-mysql`."""
    return mysql


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(Ed25519PrivateKey.generate(), "test-key")


@pytest.fixture(scope="session")
def _downloads() -> Iterator[Downloads]:
    downloads = Downloads()
    yield downloads
    downloads.stop()


@pytest.fixture
def downloads(_downloads: Downloads) -> Downloads:
    """The download function's stand-in, as new."""
    _downloads.reset()
    return _downloads


@pytest.fixture(scope="session")
def settings(database: Server, keys: Keys, _downloads: Downloads) -> dict[str, str]:
    return {
        "THREADS": "8",
        "MYSQL_URL": database.url_of("auth"),
        "JWT_PRIVATE_KEY": keys.pem,
        "JWT_PUBLIC_KEYS": keys.jwks,
        "DOWNLOAD_URL": _downloads.url,
    }


@pytest.fixture(scope="session")
def auth(settings: dict[str, str], start_function: StartFunction) -> Client:
    """Auth in a process of its own, as in its image."""
    return Client(start_function("auth", settings))
