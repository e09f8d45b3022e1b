"""Mail servers that speak TLS and know who may send."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from bson import ObjectId
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pymongo.database import Database

from functions.shared.events import audio_converted
from functions.shared.mongo import Document
from scripts.local.ports import HOST, free_port
from tests.integration.notify.conftest import SETTINGS
from tests.support.ingress import deliver
from tests.support.jobs import ended_job, mail_of
from tests.support.stacks import Server, StartFunction

# aiosmtpd's doubts about the servers of this file, which are TLS's own.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")

Send = Callable[[str, str], tuple[int, str]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, with its key, in one PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


class Taker:
    """Takes every mail, and remembers to whom."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's
        self.taken.extend(envelope.rcpt_tos)
        return "250 OK"


def login(_server: object, _session: object, _envelope: object, _mechanism: str, given: object) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (b"us@er", b"p:ss")
    return AuthResult(success=right, handled=False)


@pytest.fixture(scope="module")
def servers(certificate: Path) -> Iterator[dict[str, tuple[str, Taker]]]:
    """By scheme, the address and the mails of a server that asks for a login: smtp offers STARTTLS, smtps is TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    started, made = [], {}
    tls: dict[str, dict[str, Any]] = {
        "smtp": {"tls_context": context, "require_starttls": True},
        "smtps": {"ssl_context": context, "auth_require_tls": False},  # it knows of STARTTLS only
    }
    for scheme, options in tls.items():
        taker = Taker()
        needs: dict[str, Any] = {"hostname": HOST, "port": free_port(), "authenticator": login, "auth_required": True}
        controller = Controller(taker, **needs, **options)
        controller.start()
        started.append(controller)
        made[scheme] = (f"{HOST}:{controller.port}", taker)
    yield made
    for controller in started:
        controller.stop()


@pytest.fixture(scope="module")
def send(mongodb: Server, start_function: StartFunction, database: Database[Document]) -> Send:
    """Send a mail through a server at this URL, trusting this file; return the answer and the outcome."""

    def send(smtp: str, trusted: str) -> tuple[int, str]:
        env = {
            "MONGODB_URL": mongodb.url_of("notify"),
            "SMTP_URL": smtp,
            "SSL_CERT_FILE": trusted,
            "THREADS": "1",
            **SETTINGS,
        }
        job = ended_job(database)
        answer = deliver(start_function("notify", env), audio_converted(str(job), str(ObjectId())))
        return answer.status_code, mail_of(database, job)["outcome"]

    return send


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_login_goes_by_tls(scheme: str, servers: dict[str, tuple[str, Taker]], send: Send, certificate: Path) -> None:
    """With the right login, percent-encoded in the URL, the mail is sent; these servers take none without TLS."""
    address, taker = servers[scheme]
    assert send(f"{scheme}://us%40er:p%3Ass@{address}", str(certificate)) == (200, "sent")
    assert taker.taken == ["owner@people.example"]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_wrong_login_or_certificate_leaves_the_mail_pending(
    scheme: str, servers: dict[str, tuple[str, Taker]], send: Send, certificate: Path
) -> None:
    """A 535, a login that is missing and an untrusted certificate bounce no mail."""
    address, taker = servers[scheme]
    before = len(taker.taken)
    assert send(f"{scheme}://us%40er:wrong@{address}", str(certificate)) == (503, "pending")
    assert send(f"{scheme}://{address}", str(certificate)) == (503, "pending")
    assert send(f"{scheme}://us%40er:p%3Ass@{address}", "/dev/null") == (503, "pending")
    assert len(taker.taken) == before
