"""How a message is sent: to the address that was checked, with TLS by name, once, and within a limit of time."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from functions.webhook import sender
from functions.webhook.sender import Answer, Sender
from functions.webhook.targets import Target

HOST = "hooks.example.com"  # which no name service here knows
BODY = b'{"a": 1}'
OK = b"HTTP/1.1 204 No Content\r\n\r\n"

Serve = Callable[[Callable[[socket.socket], object]], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Accept connections on 127.0.0.1, answer each by the function, and return the port."""
    with ExitStack() as stops:

        def serve(answer: Callable[[socket.socket], object]) -> int:
            listener = stops.enter_context(socket.create_server(("127.0.0.1", 0)))

            def accept() -> None:
                with suppress(OSError):
                    while True:
                        connection, _ = listener.accept()
                        threading.Thread(target=handle, args=[connection], daemon=True).start()

            def handle(connection: socket.socket) -> None:
                with connection, suppress(OSError):
                    answer(connection)

            threading.Thread(target=accept, daemon=True).start()
            return int(listener.getsockname()[1])

        yield serve


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for HOST with its key, which is its own CA."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    names = ["-subj", "/CN=x", "-addext", f"subjectAltName=DNS:{HOST}", "-config", "/dev/null"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(file), "-out", str(file)]
    subprocess.run(["openssl", "req", "-x509", *key, *names], check=True, capture_output=True)
    pem = subprocess.run(["openssl", "x509", "-in", str(file)], check=True, capture_output=True).stdout
    file.with_name("ca.pem").write_bytes(pem)
    return file


def says(answer: bytes) -> Callable[[socket.socket], None]:
    """Return what answers so, once it has read the message: closing before would reset the connection."""

    def answer_it(connection: socket.socket) -> None:
        read_message(connection)
        connection.sendall(answer)

    return answer_it


def read_message(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(BODY):
        received += connection.recv(65536)
    return received


def post(port: int, host: str = "127.0.0.1", scheme: str = "http", ca: Path | None = None) -> Answer:
    context = ssl.create_default_context(cafile=str(ca)) if ca else None
    target = Target(scheme, host, port, "/hook?a=b", "127.0.0.1")
    return Sender(context).post(target, {"webhook-id": "one"}, BODY)


def test_message_arrives_whole(serve: Serve) -> None:
    received: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        received.append(read_message(connection))
        connection.sendall(OK)

    port = serve(answer)
    assert post(port) == Answer(204)
    head = received[0].decode()
    assert head.startswith("POST /hook?a=b HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{port}\r\n" in head
    assert "webhook-id: one\r\n" in head
    assert "Content-Length: 8\r\n" in head


def with_tls(certificate: Path, names: list[str | None]) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            says(OK)(secured)

    return answer


def test_connection_goes_to_the_checked_address_with_tls_by_name(serve: Serve, certificate: Path) -> None:
    """The name is not resolved again: the server name and the certificate are the host's."""
    names: list[str | None] = []
    port = serve(with_tls(certificate, names))
    assert post(port, HOST, "https", certificate.with_name("ca.pem")) == Answer(204)
    assert names == [HOST]


def test_certificate_of_another_name_or_ca_is_refused(serve: Serve, certificate: Path) -> None:
    port = serve(with_tls(certificate, []))
    assert post(port, "other.example.com", "https", certificate.with_name("ca.pem")) == Answer(None, "certificate")
    assert post(port, HOST, "https") == Answer(None, "certificate")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(serve: Serve, status: int) -> None:
    """Its target is never connected to."""
    reached: list[socket.socket] = []
    canary = serve(reached.append)
    answer = f"HTTP/1.1 {status} Elsewhere\r\nLocation: http://127.0.0.1:{canary}/\r\nContent-Length: 0\r\n\r\n"
    port = serve(says(answer.encode()))
    assert post(port) == Answer(status)
    assert not Answer(status).accepted
    time.sleep(0.2)
    assert reached == []


def test_proxy_of_the_environment_is_not_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[socket.socket] = []
    canary = serve(reached.append)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary}")
    port = serve(says(OK))
    assert post(port) == Answer(204)
    assert reached == []


def test_answers_body_is_not_read(serve: Serve) -> None:
    """However long it is."""

    def endless(connection: socket.socket) -> None:
        read_message(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(65536))

    assert post(serve(endless)) == Answer(200)


def silent(connection: socket.socket) -> None:
    read_message(connection)
    time.sleep(5)


def trickle(connection: socket.socket) -> None:
    read_message(connection)
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def interim(connection: socket.socket) -> None:
    read_message(connection)
    for _ in range(50):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.1)


@pytest.mark.parametrize("slow", [silent, trickle, interim])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_slow_receiver_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, slow: Callable[[socket.socket], object], scheme: str
) -> None:
    """Whether it is silent, or sends a byte or an interim answer now and then; in the handshake of TLS, too."""
    monkeypatch.setattr(sender, "ATTEMPT_SECONDS", 1)
    port = serve(slow)
    began = time.monotonic()
    answer = post(port, scheme=scheme)
    assert time.monotonic() - began < 4
    assert answer.status is None
    assert answer.error in {"timeout", "connection"}


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK" + b"x" * 70000])
def test_no_http_is_a_failed_connection(serve: Serve, said: bytes) -> None:
    port = serve(says(said))
    assert post(port) == Answer(None, "connection")


def test_nobody_listening_is_a_failed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert post(port) == Answer(None, "connection")
