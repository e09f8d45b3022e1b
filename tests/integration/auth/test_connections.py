"""The server in front of auth, which is that of every function: what a client can do with a connection."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest
import requests

from functions.shared.server.connection import BODY_SECONDS, HEAD_SECONDS
from tests.support.auth import Client
from tests.support.problems import assert_problem

HEAD = b"POST /auth/register HTTP/1.1\r\nHost: auth\r\n"
HALF = {
    "nothing": b"",
    "half a head": HEAD,
    "one byte of a body": HEAD + b"Content-Length: 60\r\n\r\n{",
    "one byte of a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3c\r\n{",
}
ECHO = b"<b>echo</b>"
MALFORMED = {
    "a request line": (ECHO + b"\r\n\r\n", 400),
    "a method": (b"G" + ECHO + b"T / HTTP/1.1\r\n\r\n", 400),
    "a version": (b"GET / HTTP/9" + ECHO + b"\r\n\r\n", 400),
    "bare line feeds": (b"GET /" + ECHO + b" HTTP/1.1\n\n", 400),
    "a header's name": (b"GET / HTTP/1.1\r\n" + ECHO + b": x\r\n\r\n", 400),
    "a header without a colon": (b"GET / HTTP/1.1\r\n" + ECHO + b"\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nX: y\r\n " + ECHO + b"\r\n\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + ECHO, 400),
    "a length and chunks": (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + ECHO, 400),
    "a chunk's size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + ECHO + b"\r\n\r\n", 400),
    "a chunk's end": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}" + ECHO + b"\r\n0\r\n\r\n", 400),
    "an unknown coding": (HEAD + b"Transfer-Encoding: " + ECHO + b"\r\n\r\n", 501),
    "an unknown expectation": (HEAD + b"Expect: " + ECHO + b"\r\n\r\n", 417),
    "a long header": (b"GET / HTTP/1.1\r\nX: " + ECHO * 1000 + b"\r\n\r\n", 431),
    "many headers": (
        b"GET / HTTP/1.1\r\n" + b"X: " + ECHO + b"\r\n" * 1 + (b"X: " + ECHO + b"\r\n") * 200 + b"\r\n",
        431,
    ),
    "a long URI": (b"GET /?" + ECHO * 1000 + b" HTTP/1.1\r\n\r\n", 414),
    "a head without an end": (b"GET / HTTP/1.1\r\n" + (b"X: " + ECHO + b"\r\n") * 10_000, 431),
}


def connect(auth: Client, data: bytes = b"") -> socket.socket:
    parts = urlsplit(auth.url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=30)
    connection.sendall(data)
    return connection


def answer(connection: socket.socket) -> tuple[HTTPResponse, bytes]:
    response = HTTPResponse(connection)
    response.begin()
    return response, response.read()


def assert_prompt(auth: Client) -> None:
    began = time.monotonic()
    for _ in range(20):
        assert requests.get(f"{auth.url}/auth/keys", timeout=5).status_code == 200
    assert time.monotonic() - began < 5


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    with ExitStack() as crowd:
        yield crowd


@pytest.mark.parametrize("sent", HALF.values(), ids=list(HALF))
def test_half_sent_requests_delay_nobody(auth: Client, crowd: ExitStack, sent: bytes) -> None:
    """A hundred connections of one kind hold none of auth's eight threads."""
    for _ in range(100):
        crowd.enter_context(closing(connect(auth, sent)))
    assert_prompt(auth)


def test_more_connections_than_the_server_keeps_delay_nobody(auth: Client, crowd: ExitStack) -> None:
    """Of 700 half heads the oldest are closed for those that follow."""
    for _ in range(700):
        crowd.enter_context(closing(connect(auth, HEAD)))
    assert_prompt(auth)


@pytest.mark.parametrize(("kind", "status"), [("nothing", None), ("half a head", 408), ("one byte of a body", 408)])
def test_half_sent_request_ends_in_time(auth: Client, kind: str, status: int | None) -> None:
    """The server answers 408 and closes, however often a byte follows; without any byte it only closes."""
    began = time.monotonic()
    with closing(connect(auth, HALF[kind])) as connection:
        connection.settimeout(1)
        received = None
        while received is None:
            assert time.monotonic() - began < HEAD_SECONDS + BODY_SECONDS + 10
            try:
                received = connection.recv(12)
            except TimeoutError:
                connection.sendall(HALF[kind] and b"x")
    assert received == (b"" if status is None else b"HTTP/1.1 408")
    assert time.monotonic() - began > HEAD_SECONDS - 1


@pytest.mark.parametrize(("sent", "status"), MALFORMED.values(), ids=list(MALFORMED))
def test_malformed_request_is_a_problem_without_its_text(auth: Client, sent: bytes, status: int) -> None:
    """Every refusal of the server itself is application/problem+json, closes, and repeats nothing."""
    with closing(connect(auth, sent)) as connection:
        response, body = answer(connection)
        assert connection.recv(1) == b""
    assert (response.status, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert response.headers["Connection"] == "close"
    assert b"echo" not in body + bytes(response.headers)


@pytest.mark.parametrize("path", ["robots.txt", "favicon.ico", "/", "%0A", "auth//login", "."])
def test_frameworks_own_paths_are_problems(auth: Client, path: str) -> None:
    """What functions-framework would answer in HTML, or redirect, is an unknown path."""
    assert_problem(requests.post(f"{auth.url}/{path}", b"{}", timeout=20, allow_redirects=False), 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"SCRIPT_NAME": "/auth"},
        {"Script-Name": "/auth"},
        {"PATH_INFO": "/nothing"},
        {"X-Forwarded-Prefix": "/auth"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "off"},
        {"X-Forwarded-Protocol": "ssl", "X-Forwarded-For": "::1", "X-Forwarded-Host": "a", "X-Forwarded-Port": "1"},
        {"Forwarded": "for=::1;host=a;proto=https"},
        {"X-Request-Start": "t=1"},
    ],
)
def test_proxys_headers_of_a_client_mean_nothing(auth: Client, headers: dict[str, str]) -> None:
    """The answer is the same as without them."""
    plain = requests.get(f"{auth.url}/auth/keys", timeout=20)
    given = requests.get(f"{auth.url}/auth/keys", headers=headers, timeout=20)
    assert (given.status_code, given.content) == (plain.status_code, plain.content) == (200, plain.content)


def test_large_body_is_refused_before_it_is_sent(auth: Client) -> None:
    """413 after the head, whatever the path is; the rest is discarded without a thread."""
    head = b"POST /nothing HTTP/1.1\r\nHost: auth\r\nContent-Length: 9000000000\r\n\r\n"
    with closing(connect(auth, head)) as connection:
        response, _ = answer(connection)
        assert response.status == 413
        for _ in range(20):
            connection.sendall(bytes(1024**2))
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n20000\r\n" + bytes(0x20000)
    with closing(connect(auth, chunked)) as connection:
        assert answer(connection)[0].status == 413


def test_chunked_body_is_read(auth: Client) -> None:
    """In chunks of a byte, with an extension and a trailer."""
    body = b'{"email": 1}'
    chunks = b"".join(b"1;x=y\r\n%c\r\n" % byte for byte in body)
    sent = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nX: y\r\n\r\n"
    with closing(connect(auth)) as connection:
        for byte in sent:
            connection.sendall(bytes([byte]))
        response, text = answer(connection)
    assert response.status == 400
    assert b"not the expected JSON" in text


def test_client_that_waits_for_100_continue_gets_it(auth: Client) -> None:
    """Before its body has arrived."""
    with closing(connect(auth, HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")) as connection:
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert answer(connection)[0].status == 400


def test_client_that_has_sent_everything_gets_its_answer(auth: Client) -> None:
    """A client may end its side of the connection after the request."""
    with closing(connect(auth, b"GET /auth/keys HTTP/1.1\r\nHost: auth\r\n\r\n")) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert answer(connection)[0].status == 200


def test_connection_carries_one_request(auth: Client) -> None:
    """Of two requests the first is answered, and the connection is closed."""
    with closing(connect(auth, b"GET /auth/keys HTTP/1.1\r\nHost: auth\r\n\r\n" * 2)) as connection:
        response, _ = answer(connection)
        assert (response.status, response.headers["Connection"]) == (200, "close")
        assert connection.recv(1) == b""
