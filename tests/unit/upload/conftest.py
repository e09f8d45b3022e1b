import socket
import time
from collections.abc import Iterator

import pytest

from functions.upload.pace import Pace


@pytest.fixture
def pace() -> Iterator[Pace]:
    """Of a connection that nobody has to wait for."""
    with socket.socket() as connection:
        yield Pace(connection, time.monotonic())
