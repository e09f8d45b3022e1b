"""The server's main loop, round by round."""

import selectors
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from gunicorn.config import Config

from functions.shared.server.connection import Connection
from functions.shared.server.worker import Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker without its process: it has a poller and no connection."""
    worker = Worker.__new__(Worker)
    worker.poller, worker.nr_conns, worker._waiting = selectors.DefaultSelector(), 0, set()
    with closing(worker.poller):
        yield worker


@pytest.mark.parametrize("answered", [False, True])
def test_event_of_a_connection_that_made_room_is_ignored(worker: Worker, answered: bool) -> None:  # noqa: FBT001
    """One event of a round closes a connection that another event of the round is about."""
    ours, client = socket.socketpair()
    with closing(client):
        conn = Connection(Config(), ours, ("127.0.0.1", 1), ("127.0.0.1", 2), streams=False)
        conn.answered, worker.nr_conns = answered, 1
        worker._wait(conn, worker._discard if answered else worker._receive)
        client.sendall(b"GET / HTTP/1.1\r\n")
        round_ = worker.poller.select(0)
        worker._make_room()
        for key, _ in round_:
            key.data(key.fileobj)
    assert len(round_) == 1
    assert worker.nr_conns == 0


def test_unexpected_error_of_a_connection_closes_this_connection_only(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The main loop goes on, and the error is logged."""

    def fail(_conn: Connection) -> bool:
        raise RuntimeError

    monkeypatch.setattr(Connection, "receive", fail)
    ours, client = socket.socketpair()
    with closing(client):
        worker.nr_conns = 1
        conn = Connection(Config(), ours, ("127.0.0.1", 1), ("127.0.0.1", 2), streams=False)
        worker._wait(conn, worker._receive)
        client.sendall(b"GET / HTTP/1.1\r\n")
        [(key, _)] = worker.poller.select(0)
        key.data(key.fileobj)
    assert ours.fileno() == -1
    assert (worker.nr_conns, worker._waiting, "connection failed" in caplog.text) == (0, set(), True)
