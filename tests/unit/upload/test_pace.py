"""The minimum data rate, with a window of half a second."""

import socket
import time
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from functions.upload import pace
from functions.upload.body import Body
from functions.upload.errors import TooSlow
from functions.upload.pace import RateMonitor

MIN_BYTES = 1000
ENDLESS = 10_000  # pieces


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """At least 1000 bytes per window, checked often."""
    monkeypatch.setattr(pace, "WINDOW_SECONDS", 0.5)
    monkeypatch.setattr(pace, "MIN_BYTES_PER_WINDOW", MIN_BYTES)
    monkeypatch.setattr(pace, "CHECK_INTERVAL_SECONDS", 0.05)


class Connection:
    """Both ends of a connection; `read` blocks until it has all the bytes or the rest, as the server's reader does."""

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

    def body(self, started: float | None = None) -> tuple[Body, RateMonitor]:
        """Return the body of a request that started then, or now, and its monitor."""
        monitor = RateMonitor(self.server, started or time.monotonic())
        return Body(self, monitor, None, 1 << 20), monitor

    def drip(self, pieces: int, size: int, end: Event) -> None:
        """Send `size` bytes every 50 ms."""
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
    body, _ = connection.body()
    try:
        with body:
            return b"".join(iter(body.read, b""))
    finally:
        end.set()
        sender.join()


@pytest.mark.timeout(20)
def test_slow_body_is_aborted(connection: Connection) -> None:
    """If a client sends a byte now and then, the blocked read returns, and the error states the reason."""
    with pytest.raises(TooSlow):
        read_dripping(connection, ENDLESS, 1)


@pytest.mark.timeout(20)
def test_stalled_body_is_aborted(connection: Connection) -> None:
    """A client that is fast at first and then sends nothing is detected too."""
    connection.client.sendall(bytes(100_000))
    with pytest.raises(TooSlow):
        read_dripping(connection, ENDLESS, 0)


@pytest.mark.timing
def test_body_at_the_minimum_rate_passes(connection: Connection) -> None:
    """A body at the minimum rate takes longer than the window and is read whole."""
    assert len(read_dripping(connection, 30, MIN_BYTES // 8)) == 30 * (MIN_BYTES // 8)


def test_servers_own_time_does_not_count(connection: Connection) -> None:
    """The client is measured only while the server waits for it."""
    body, _ = connection.body()
    with body:
        connection.client.sendall(b"some")
        assert body.read(4) == b"some"
        time.sleep(1)
        connection.client.sendall(b"more")
        assert body.read(4) == b"more"


def test_kernel_without_byte_count_aborts_nothing(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the count stays 0, slow bodies pass; otherwise every body would be aborted."""
    monkeypatch.setattr(pace, "BYTES_RECEIVED", slice(8, 8))
    assert len(read_dripping(connection, 20, 1)) == 20


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_closed_connection_raises_nothing_in_the_monitor(connection: Connection) -> None:
    _, monitor = connection.body()
    with monitor:
        connection.server.close()
        time.sleep(0.3)


@pytest.mark.timeout(20)
def test_client_that_was_slow_while_queued_gets_no_second_window(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that was queued for longer than the window, with too few bytes, is aborted at once."""
    monkeypatch.setattr(pace, "WINDOW_SECONDS", 60)
    body, _ = connection.body(time.monotonic() - 61)
    with body, pytest.raises(TooSlow):
        body.read()


def test_client_that_sent_enough_while_queued_is_read(connection: Connection) -> None:
    """Bytes that have arrived by the time of the read are in time."""
    connection.client.sendall(bytes(MIN_BYTES))
    body, monitor = connection.body(time.monotonic() - 100)
    with body:
        assert len(body.read(MIN_BYTES)) == MIN_BYTES
        time.sleep(0.2)
    assert not monitor.too_slow
