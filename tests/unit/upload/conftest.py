import socket
import time
from collections.abc import Iterator

import pytest

from functions.upload.pace import RateMonitor


@pytest.fixture
def monitor() -> Iterator[RateMonitor]:
    """A monitor of a connection whose client is not slow."""
    with socket.socket() as connection:
        yield RateMonitor(connection, time.monotonic())
