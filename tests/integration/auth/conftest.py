import pytest

from tests.support.downloads import Downloads
from tests.support.stacks import Server


@pytest.fixture(scope="session")
def database(mysql: Server) -> Server:
    """The server of the path, or MySQL 9 by `make test-mysql`."""
    return mysql


@pytest.fixture
def downloads(_downloads: Downloads) -> Downloads:
    """The download function's stand-in, as new."""
    _downloads.reset()
    return _downloads


@pytest.fixture(scope="session")
def settings(auth_settings: dict[str, str]) -> dict[str, str]:
    return auth_settings
