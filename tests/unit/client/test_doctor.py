"""`video2mp3 doctor`: each fault is found and named."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from werkzeug import Request, Response

from scripts.client import config, doctor
from scripts.local import certificates
from tests.unit.client.conftest import Run
from tests.unit.client.fake import FakeService, answer_of, problem


def findings(out: str) -> dict[str, str]:
    return {finding["check"]: finding["state"] for finding in map(json.loads, out.splitlines())}


def test_service_without_a_fault_is_found_so(run: Run, service: FakeService) -> None:
    ran = run("doctor", "--json")
    checks = ["name", "network", "service", "clock", "login", "upload", "mail"]
    assert (ran.status, findings(ran.out)) == (0, dict.fromkeys(checks, "ok"))
    assert not service.uploads
    assert not service.jobs


def test_unknown_host_is_found(run: Run) -> None:
    ran = run("doctor", "--url", "http://nowhere.invalid")
    assert ran.status == 4
    assert "wrong  name      nowhere.invalid has no address" in ran.out


def test_closed_port_is_found(run: Run, service: FakeService) -> None:
    service.web.close()
    ran = run("doctor")
    assert ran.status == 4
    assert "accepts no connection" in ran.out


def test_port_without_tls_is_found(run: Run, service: FakeService) -> None:
    ran = run("doctor", "--url", service.url.replace("http:", "https:"))
    assert ran.status == 4
    assert "speaks no TLS" in ran.out


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    return certificates.authority(tmp_path / "ca")


@pytest.fixture
def secure(ca: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of a port that makes TLS connections, with a certificate of the CA, and answers nothing."""
    folder = certificates.issue(ca, tmp_path / "tls")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    plain, _ = server.accept()
                    with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                        connection.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


def test_certificate_that_is_not_trusted_is_found(run: Run, secure: str) -> None:
    ran = run("doctor", "--url", secure)
    assert ran.status == 4
    assert "wrong  TLS       The certificate is not trusted: " in ran.out
    assert "SSL_CERT_FILE" in ran.out


def test_certificate_of_a_ca_that_is_named_is_trusted(
    run: Run, secure: str, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    assert "ok     TLS       the certificate is trusted and valid for 89 days\n" in run("doctor", "--url", secure).out


def test_other_service_is_found(run: Run, service: FakeService) -> None:
    service.faults.append(lambda _request: answer_of({"info": {"title": "shop", "version": "1"}}))
    ran = run("doctor")
    assert ran.status == 5
    assert "is another service: shop." in ran.out


@pytest.mark.parametrize(("minutes", "which"), [(5, "ahead of"), (-5, "behind")])
def test_wrong_clock_is_found_and_the_rest_is_checked(
    minutes: int, which: str, run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wrong":
            return super().now(tz) + timedelta(minutes=minutes)

    monkeypatch.setattr(doctor, "datetime", Wrong)
    ran = run("doctor")
    assert ran.status == 5
    assert f"s {which} the service's" in ran.out
    assert "ok     upload" in ran.out


def test_ended_login_is_found(run: Run, service: FakeService) -> None:
    config.save(config.Login(service.url, "v2m_ended", "me@example.com", "1"))
    ran = run("doctor")
    assert ran.status == 3
    assert "wrong  login     The service does not accept the login." in ran.out


def test_missing_login_is_found(run: Run, service: FakeService) -> None:
    config.forget()
    assert run("doctor").status == 2
    ran = run("doctor", "--url", service.url)
    assert ran.status == 3
    assert f"video2mp3 login --url {service.url}" in ran.out


def test_full_store_is_found(run: Run, service: FakeService) -> None:
    def refuse(request: Request) -> Response | None:
        return problem(507, "The store is almost full.", {"Retry-After": "300"}) if request.path == "/uploads" else None

    service.faults.append(refuse)
    ran = run("doctor")
    assert ran.status == 7
    assert "wrong  upload    The store is almost full." in ran.out
