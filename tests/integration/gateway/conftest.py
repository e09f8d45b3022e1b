import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gateway.nginx import Gateway
from tests.integration.gateway.upstream import Upstream
from tests.support.auth import Client


@pytest.fixture(scope="session")
def _upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def upstream(_upstream: Upstream) -> Upstream:
    """The stand-in for upload and download, reset."""
    _upstream.reset()
    return _upstream


@pytest.fixture
def gateway(tmp_path: Path, auth: Client, upstream: Upstream) -> Iterator[Gateway]:
    """A gateway with unused rate limits."""
    gateway = Gateway(tmp_path, auth.url, upstream.url, upstream.url)
    yield gateway
    gateway.stop()


@pytest.fixture(scope="session")
def token(auth: Client) -> str:
    return auth.token(auth.newcomer())


@pytest.fixture
def unused_address() -> Iterator[str]:
    """An address without a listener that no other process can take."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
