"""MongoDB and MySQL with TLS, each with a certificate that every test may replace."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import sleep

import pytest

from scripts.local.secrets import Secrets
from scripts.local.supervision import Supervisor
from tests.integration.stores.certificates import NAMES, OTHER_NAMES, Authority
from tests.integration.stores.tls import TlsServer, start_mongodb, start_mysql
from tests.support.secrecy import secrets_in

# OpenSSL's message about each certificate that has to be rejected.
REFUSALS = {
    "of another host": "certificate is not valid for '127.0.0.1'",
    "of an unknown CA": "unable to get local issuer certificate",
    "expired": "certificate has expired",
}
SHORTLY = timedelta(seconds=3)  # mongod does not start with an expired certificate

Present = Callable[[TlsServer, str], None]


@pytest.fixture(scope="session")
def supervisor_of_tls(state: Path) -> Iterator[Supervisor]:
    """Runs these servers, and functions that use them."""
    supervisor = Supervisor(state / "tls")
    supervisor.open()
    yield supervisor
    supervisor.close()
    assert secrets_in(supervisor.log, Secrets(supervisor.state / "secrets")) == []


@pytest.fixture(scope="session")
def authority(supervisor_of_tls: Supervisor) -> Authority:
    return Authority.make(supervisor_of_tls.state, "trusted")


@pytest.fixture(scope="session")
def stranger(supervisor_of_tls: Supervisor) -> Authority:
    """A CA that no client trusts."""
    return Authority.make(supervisor_of_tls.state, "stranger")


@pytest.fixture(scope="session")
def stores(supervisor_of_tls: Supervisor, authority: Authority) -> dict[str, TlsServer]:
    """The servers by their names."""
    started = {}
    for name, start in {"mongodb": start_mongodb, "mysql": start_mysql}.items():
        certificate = supervisor_of_tls.state / f"{name}.pem"
        certificate.touch(mode=0o600)
        certificate.write_bytes(authority.issue(NAMES))
        secrets = Secrets(supervisor_of_tls.state / "secrets")
        started[name] = start(supervisor_of_tls, secrets, certificate, authority.file)
    return started


@pytest.fixture
def present(authority: Authority, stranger: Authority) -> Present:
    """Let a server present a certificate of this kind: `valid` or one of REFUSALS."""

    def present(server: TlsServer, kind: str) -> None:
        if kind == "of another host":
            server.present(authority.issue(OTHER_NAMES))
        elif kind == "of an unknown CA":
            server.present(stranger.issue(NAMES))
        elif kind == "expired":
            server.present(authority.issue(NAMES, SHORTLY))
            sleep(SHORTLY.total_seconds())
        else:
            server.present(authority.issue(NAMES))

    return present
