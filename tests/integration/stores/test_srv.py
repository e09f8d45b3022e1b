"""`mongodb+srv://`: the servers are found by DNS, and TLS is on."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import dns.resolver
import pytest
from pymongo.errors import ConfigurationError, ServerSelectionTimeoutError

from functions.shared import mongo
from functions.shared.errors import describe
from infra.mongodb import setup
from infra.mongodb.setup import RIGHTS
from scripts.local.ports import HOST
from tests.integration.stores.certificates import HOST_NAME, Authority
from tests.integration.stores.conftest import Present
from tests.integration.stores.names import answering
from tests.integration.stores.tls import TlsServer

CLUSTER = "cluster0.stores.test"


@pytest.fixture
def mongodb_by_srv(
    stores: dict[str, TlsServer], present: Present, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TlsServer]:
    """MongoDB with a valid certificate, and a DNS server with one SRV record of CLUSTER."""
    present(stores["mongodb"], "valid")
    port = urlsplit(stores["mongodb"].url("admin", "")).port
    records = {
        (f"_mongodb._tcp.{CLUSTER}", "SRV"): f"0 0 {port} {HOST_NAME}.",
        (CLUSTER, "TXT"): '"authSource=admin"',  # as for hosted clusters
        (HOST_NAME, "A"): HOST,
    }
    with answering(records) as resolver:
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        dns.resolver.override_system_resolver(resolver)
        yield stores["mongodb"]
        dns.resolver.restore_system_resolver()


def srv_url(server: TlsServer, user: str, cluster: str, authority: Authority) -> str:
    users = "" if user == "admin" else "&authSource=video2mp3"  # where the set-up creates the functions' users
    url = urlsplit(server.url(user, f"tlsCAFile={authority.file}{users}"))
    return url._replace(
        scheme="mongodb+srv", path="video2mp3", netloc=f"{url.username}:{url.password}@{cluster}"
    ).geturl()


def test_database_is_found_by_its_srv_record(mongodb_by_srv: TlsServer, authority: Authority) -> None:
    """TLS needs no option, and the host name of the record is verified."""
    database = mongo.database(srv_url(mongodb_by_srv, "sweep", CLUSTER, authority))
    assert database.name == "video2mp3"
    assert database["jobs"].find_one() is None
    assert database.client.address == (HOST_NAME, urlsplit(mongodb_by_srv.url("admin", "")).port)


def test_certificate_of_a_server_found_by_srv_is_verified(
    mongodb_by_srv: TlsServer, present: Present, authority: Authority
) -> None:
    """A certificate of another host is rejected."""
    present(mongodb_by_srv, "of another host")
    with pytest.raises(ServerSelectionTimeoutError, match=f"certificate is not valid for '{HOST_NAME}'"):
        mongo.database(srv_url(mongodb_by_srv, "sweep", CLUSTER, authority))["jobs"].find_one()


def test_set_up_takes_srv_urls(
    mongodb_by_srv: TlsServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The administrator's URL and each function's; run in this process, which uses the DNS server of the test."""
    for user in ("admin", *RIGHTS):
        monkeypatch.setenv(f"MONGODB_{user.upper()}_URL", srv_url(mongodb_by_srv, user, CLUSTER, authority))
    setup.main()


def test_unknown_cluster_is_an_unavailable_store(mongodb_by_srv: TlsServer, authority: Authority) -> None:
    """The process starts, each operation fails as with any unavailable store, and the reason names the record."""
    database = mongo.database(srv_url(mongodb_by_srv, "sweep", "cluster1.stores.test", authority))
    with pytest.raises(mongo.AWAY) as away:
        database["jobs"].find_one()
    assert isinstance(away.value, ConfigurationError)
    assert "_mongodb._tcp.cluster1.stores.test" in describe(away.value)


def test_dns_that_does_not_answer_leaves_time_for_the_503(
    mongodb_by_srv: TlsServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller has an answer within 10 s."""
    silent = dns.resolver.Resolver(configure=False)
    silent.nameservers, silent.port = [HOST], 1
    monkeypatch.setattr(dns.resolver, "default_resolver", silent)
    database = mongo.database(srv_url(mongodb_by_srv, "sweep", CLUSTER, authority))
    began = time.monotonic()
    with pytest.raises(mongo.AWAY):
        database["jobs"].find_one()
    assert time.monotonic() - began < 10
