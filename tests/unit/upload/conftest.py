import socket
import time
from collections.abc import Iterator

import pytest

from functions.upload.pace import RateMonitor


@pytest.fixture
def monitor() -> Iterator[RateMonitor]:
    """Of a connection without a slow client."""
    with socket.socket() as connection:
        yield RateMonitor(connection, time.monotonic())
