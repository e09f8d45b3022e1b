"""The gateway with a certificate: HTTPS, HSTS and the redirect of plain HTTP."""

import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest
import requests

from scripts.local import certificates
from tests.integration.gateway.nginx import Gateway
from tests.integration.gateway.upstream import Upstream
from tests.support.auth import Client
from tests.support.problems import assert_problem


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    return certificates.authority(tmp_path / "ca")


@pytest.fixture
def secure(tmp_path: Path, ca: Path, auth: Client, upstream: Upstream) -> Iterator[Gateway]:
    """A gateway with a certificate of the authority `ca` in the folder `tls`."""
    tls = certificates.issue(ca, tmp_path / "tls")
    gateway = Gateway(tmp_path / "gateway", auth.url, upstream.url, upstream.url, tls=tls)
    yield gateway
    gateway.stop()


def test_verified_https_reaches_the_functions(secure: Gateway, ca: Path, token: str) -> None:
    """A client that trusts the CA uses every route; each answer has HSTS of a year, refusals too."""
    passed = requests.get(f"{secure.url}/jobs", headers={"Authorization": f"Bearer {token}"}, verify=str(ca))
    refused = requests.get(f"{secure.url}/jobs", verify=str(ca))
    root = requests.get(secure.url, verify=str(ca))
    assert (passed.status_code, passed.content, root.status_code) == (200, b"passed", 200)
    assert_problem(refused, 401)
    for answer in (passed, refused, root):
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_plain_http_is_redirected(secure: Gateway, upstream: Upstream, token: str) -> None:
    """Method, path and query are kept (308), no function is called, and no HSTS is sent over plain HTTP."""
    plain = secure.url.replace("https:", "http:")
    for method in ("GET", "POST"):
        headers = {"Authorization": f"Bearer {token}", "Host": "elsewhere.example"}
        answer = requests.request(method, f"{plain}/jobs?limit=1", headers=headers, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (308, f"{secure.url}/jobs?limit=1")
        assert "Strict-Transport-Security" not in answer.headers
    assert upstream.asked == []


def test_malformed_plain_http_is_a_problem(secure: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", secure.port), timeout=10) as connection:
        connection.sendall(b"GET /x y z\r\n\r\n")
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_of_tls_are_refused(secure: Gateway, ca: Path) -> None:
    """TLS 1.1 fails in the handshake; 1.2 and 1.3 succeed."""
    for version, succeeds in {"TLSv1_1": False, "TLSv1_2": True, "TLSv1_3": True}.items():
        context = ssl.create_default_context(cafile=str(ca))
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
        with socket.create_connection(("127.0.0.1", secure.port), timeout=10) as connection:
            if succeeds:
                context.wrap_socket(connection, server_hostname="127.0.0.1").close()
            else:
                with pytest.raises(ssl.SSLError):
                    context.wrap_socket(connection, server_hostname="127.0.0.1")


def test_renewed_certificate_is_used_without_a_restart(secure: Gateway, ca: Path, tmp_path: Path) -> None:
    """The next handshake has the new certificate."""

    def presented() -> str:
        return ssl.get_server_certificate(("127.0.0.1", secure.port), ca_certs=str(ca))

    before = presented()
    certificates.issue(ca, tmp_path / "tls")
    assert presented() != before


def test_without_a_certificate_there_is_no_hsts(gateway: Gateway) -> None:
    assert "Strict-Transport-Security" not in requests.get(gateway.url).headers
