"""auth as a function of its own, which the gateway is tested with too."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.auth import GATEWAY_PASSWORD, PUBLIC_URL, Client
from tests.support.downloads import Downloads
from tests.support.keys import Keys
from tests.support.stacks import Server, StartFunction


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(Ed25519PrivateKey.generate(), "test-key")


@pytest.fixture(scope="session")
def _downloads() -> Iterator[Downloads]:
    downloads = Downloads()
    yield downloads
    downloads.stop()


@pytest.fixture(scope="session")
def auth_settings(mysql: Server, keys: Keys, _downloads: Downloads) -> dict[str, str]:
    return {
        "THREADS": "8",
        "MYSQL_URL": mysql.url_of("auth"),
        "JWT_PRIVATE_KEY": keys.pem,
        "JWT_PUBLIC_KEYS": keys.jwks,
        "DOWNLOAD_URL": _downloads.url,
        "GATEWAY_PASSWORD": GATEWAY_PASSWORD,
        "PUBLIC_URL": PUBLIC_URL,
        "REGISTRATION": "open",
    }


@pytest.fixture(scope="session")
def auth(auth_settings: dict[str, str], start_function: StartFunction) -> Client:
    """Auth in a process of its own, as in its image."""
    return Client(start_function("auth", auth_settings))
