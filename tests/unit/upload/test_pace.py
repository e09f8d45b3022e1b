"""A connection whose client is slow, with a window of half a second."""

import socket
import time
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from functions.shared.problems import Problem
from functions.upload import pace
from functions.upload.body import Body
from functions.upload.pace import Pace, began

LEAST = 1000
FOR_EVER = 10_000  # pieces


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """1000 bytes in it, looked at often."""
    monkeypatch.setattr(pace, "WINDOW", 0.5)
    monkeypatch.setattr(pace, "LEAST", LEAST)
    monkeypatch.setattr(pace, "LOOK", 0.05)


class Connection:
    """Two ends; `read` gives all that was asked for or the rest, as the server's reader does."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.client = socket.create_connection(listener.getsockname())
            self.server, _ = listener.accept()
        self.client.sendall(b"a head")
        self.server.recv(6)

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (piece := self.server.recv(size - len(data))):
            data += piece
        return data

    def body(self, began: float | None = None) -> tuple[Body, Pace]:
        """Return what comes, and its pace, of a request that began then, or now."""
        pace = Pace(self.server, began or time.monotonic())
        return Body(self, pace, None, 1 << 20), pace

    def drip(self, pieces: int, size: int, end: Event) -> None:
        """Send so many bytes each twentieth of a second."""
        for _ in range(pieces):
            if end.wait(0.05):
                return
            self.client.sendall(bytes(size))
        self.client.shutdown(socket.SHUT_WR)


@pytest.fixture
def connection() -> Iterator[Connection]:
    connection = Connection()
    yield connection
    connection.client.close()
    connection.server.close()


def read_dripping(connection: Connection, pieces: int, size: int) -> bytes:
    end = Event()
    sender = Thread(target=connection.drip, args=(pieces, size, end))
    sender.start()
    body, its_pace = connection.body()
    try:
        with its_pace:
            return b"".join(iter(body.read, b""))
    finally:
        end.set()
        sender.join()


@pytest.mark.timeout(20)
def test_a_slow_body_is_cut_off(connection: Connection) -> None:
    """A client that sends a byte now and then is told so, and the read that waits for it ends."""
    with pytest.raises(Problem) as caught:
        read_dripping(connection, FOR_EVER, 1)
    assert caught.value.status == 408


@pytest.mark.timeout(20)
def test_a_silent_body_is_cut_off(connection: Connection) -> None:
    """So is one who sends nothing at all after having been fast."""
    connection.client.sendall(bytes(100_000))
    with pytest.raises(Problem) as caught:
        read_dripping(connection, FOR_EVER, 0)
    assert caught.value.status == 408


def test_a_body_at_the_least_rate_passes(connection: Connection) -> None:
    """For longer than the window."""
    assert len(read_dripping(connection, 30, LEAST // 8)) == 30 * (LEAST // 8)


def test_the_server_s_own_time_is_nobody_s_fault(connection: Connection) -> None:
    """Only while somebody waits for the client the client is slow."""
    body, its_pace = connection.body()
    with its_pace:
        connection.client.sendall(b"some")
        assert body.read(4) == b"some"
        time.sleep(1)
        connection.client.sendall(b"more")
        assert body.read(4) == b"more"


def test_a_kernel_that_does_not_count_cuts_nobody_off(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the count stays 0, a slow body passes instead of all."""
    monkeypatch.setattr(pace, "BYTES_RECEIVED", slice(8, 8))
    assert len(read_dripping(connection, 20, 1)) == 20


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_connection_that_is_gone_is_no_fault(connection: Connection) -> None:
    """It may close while somebody looks at it."""
    _, its_pace = connection.body()
    with its_pace:
        connection.server.close()
        time.sleep(0.3)


@pytest.mark.timeout(20)
def test_who_was_slow_while_they_waited_has_no_second_window(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that waited for its turn for longer than the window, and brought too little, is cut off at once."""
    monkeypatch.setattr(pace, "WINDOW", 60)
    body, its_pace = connection.body(time.monotonic() - 61)
    with its_pace, pytest.raises(Problem) as caught:
        body.read()
    assert caught.value.status == 408


def test_who_sent_enough_while_they_waited_is_heard(connection: Connection) -> None:
    """What has come by the time that it is read was in time."""
    connection.client.sendall(bytes(LEAST))
    body, its_pace = connection.body(time.monotonic() - 100)
    with its_pace:
        assert len(body.read(LEAST)) == LEAST
        time.sleep(0.2)
    assert not its_pace.too_slow


@pytest.mark.parametrize(
    ("stated", "ago"),
    [
        ("t=%.3f", 10.0),
        ("t=%d", 10.0),
        (None, 0.0),
        ("", 0.0),
        ("t=", 0.0),
        ("%.3f", 0.0),
        ("t=-%.3f", 0.0),
        ("t=1e9", 0.0),
    ],
)
def test_the_gateway_says_when_a_request_began(stated: str | None, ago: float) -> None:
    """As NGINX writes it, in seconds since 1970; whatever is anything else says nothing."""
    text = stated % (time.time() - 10) if stated and "%" in stated else stated
    assert time.monotonic() - began(text) == pytest.approx(ago, abs=1.1)


def test_no_request_began_in_the_future() -> None:
    """A gateway whose clock is ahead gives nobody more time."""
    assert began(f"t={time.time() + 1000:.3f}") <= time.monotonic()
