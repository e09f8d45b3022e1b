import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.integration.auth.client import Client
from tests.integration.auth.downloads import Downloads
from tests.integration.auth.keys import Keys
from tests.integration.auth.ports import free_port, wait_for
from tests.stacks import Server

ROOT = Path(__file__).parents[3]


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
def auth(database: Server, keys: Keys, _downloads: Downloads) -> Iterator[Client]:
    """Auth in a process of its own, as in its image."""
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "THREADS": "8",
        "MYSQL_URL": database.url,
        "JWT_PRIVATE_KEY": keys.pem,
        "JWT_PUBLIC_KEYS": keys.jwks,
        "DOWNLOAD_URL": _downloads.url,
    }
    source = ["--source", str(ROOT / "functions/auth/main.py"), "--target", "auth"]
    address = ["--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen([sys.executable, "-m", "functions_framework", *source, *address], env=env) as process:
        wait_for(port)
        yield Client(f"http://127.0.0.1:{port}")
        process.terminate()
