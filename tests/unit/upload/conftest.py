import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    """A connection that nobody has to wait for."""
    with socket.socket() as connection:
        yield connection
