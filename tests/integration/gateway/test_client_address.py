"""The client's address: that of the connection, or what a trusted proxy says."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.integration.gateway.nginx import Gateway
from tests.integration.gateway.upstream import Upstream
from tests.support.auth import Client
from tests.support.person import From
from tests.support.problems import assert_problem
from tests.support.waiting import eventually

PROXY, OUTER_PROXY, STRANGER, NEIGHBOUR = "127.0.2.1", "127.0.3.1", "127.0.4.1", "127.0.5.1"
LOGINS = 10  # of an address at once


@pytest.fixture
def behind_proxies(tmp_path: Path, auth: Client, upstream: Upstream) -> Iterator[Gateway]:
    """A gateway that trusts two ranges of addresses."""
    trusted = ["127.0.2.0/24", "127.0.3.0/24"]
    gateway = Gateway(tmp_path, auth.url, upstream.url, upstream.url, trusted_proxies=trusted)
    yield gateway
    gateway.stop()


def log_in(gateway: Gateway, source: str, forwarded_for: str) -> requests.Response:
    """Log in with a wrong password from the address `source`."""
    with requests.Session() as session:
        session.mount("http://", From(source))
        headers = {"X-Forwarded-For": forwarded_for}
        return session.post(f"{gateway.url}/auth/login", auth=("a@b.example", "no password"), headers=headers)


def addresses(gateway: Gateway, count: int) -> list[str]:
    """Return the client addresses of the first `count` requests in the log, which also has NGINX's messages."""

    def requests() -> list[str]:
        return [line for line in gateway.log().splitlines() if line.startswith("{")]

    eventually(lambda: len(requests()) >= count, every=0.02)
    return [json.loads(line)["address"] for line in requests()]


def test_clients_of_a_trusted_proxy_have_a_limit_each(behind_proxies: Gateway) -> None:
    """Eleven logins of one client are one too many; another client of the same proxy still logs in."""
    statuses = [log_in(behind_proxies, PROXY, "203.0.113.1").status_code for _ in range(LOGINS + 1)]
    assert statuses == [401] * LOGINS + [429]
    assert log_in(behind_proxies, PROXY, "203.0.113.2").status_code == 401
    assert addresses(behind_proxies, LOGINS + 2) == ["203.0.113.1"] * (LOGINS + 1) + ["203.0.113.2"]


def test_client_cannot_choose_its_address_through_a_trusted_proxy(behind_proxies: Gateway) -> None:
    """The last address that is no trusted proxy's counts: what a client itself has sent precedes it."""
    chain = f"198.51.100.7, 203.0.113.3, {OUTER_PROXY}"
    log_in(behind_proxies, PROXY, chain)
    assert addresses(behind_proxies, 1) == ["203.0.113.3"]


def test_strangers_header_means_nothing(behind_proxies: Gateway) -> None:
    """A client that is no trusted proxy is limited by its own address, whatever it sends."""
    statuses = [log_in(behind_proxies, STRANGER, f"203.0.113.{number}").status_code for number in range(LOGINS + 1)]
    assert statuses == [401] * LOGINS + [429]
    assert set(addresses(behind_proxies, LOGINS + 1)) == {STRANGER}


def test_nobody_is_trusted_by_default(gateway: Gateway) -> None:
    """Without the setting even loopback is a stranger."""
    answers = [log_in(gateway, NEIGHBOUR, f"203.0.113.{number}") for number in range(LOGINS + 1)]
    assert [answer.status_code for answer in answers] == [401] * LOGINS + [429]
    assert_problem(answers[-1], 429)
    assert set(addresses(gateway, LOGINS + 1)) == {NEIGHBOUR}
