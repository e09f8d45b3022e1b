"""gunicorn's worker with threads, but a thread handles complete requests only.

gunicorn gives a connection to a thread when it is accepted: whoever connects and sends nothing, half a head or a body
byte by byte holds a thread, and so does whoever does not close after an answer. Here the main loop waits for them.
"""

import errno
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from socket import socket
from typing import Any

from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import ThreadWorker

from functions.shared.problems import Problem
from functions.shared.server import clients
from functions.shared.server.connection import Connection, accepted
from functions.shared.trace import current

log = logging.getLogger(__name__)

# For one `sendall`, which sends a block of an answer: a chunk of 255 KiB of a file, or a whole JSON document.
SEND_SECONDS = 30

STATUSES = {
    ExpectationFailed: (417, "The Expect header is not supported. Omit the header."),
    LimitRequestHeaders: (431, "A request header is too large. Shorten or omit the header."),
    LimitRequestLine: (414, "The request URI is too long. Shorten the URI."),
    UnsupportedTransferCoding: (501, "The Transfer-Encoding is not supported. Use chunked."),
}


class Worker(ThreadWorker):
    gateway_password = ""  # without one the address of a client is always that of its connection
    streams = False  # upload sets it: its threads read the bodies, all others get bodies that have arrived

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._waiting: set[Connection] = set()

    def accept(self, listener: socket) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self._make_room()
            return
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self._wait(Connection(self.cfg, client, address, listener.getsockname(), streams=self.streams), self._receive)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        accepted.set(conn.accepted)
        client = clients.client(req, conn.client[0], self.gateway_password)
        clients.forwarded.set(client.forwarded)
        conn.client = (client.address, conn.client[1])
        if not self.streams:  # a socket has one limit for both directions, and upload's answers fit into its buffer
            conn.sock.settimeout(SEND_SECONDS)
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            log.warning("answer aborted: the client reads too slowly", extra={"address": conn.client[0]})
            conn.reset()
            return False

    def finish_request(self, conn: Connection, _fs: Future[Any]) -> None:
        """Wait for the client to close; called by the main loop when a thread has answered."""
        try:
            conn.linger()
        except OSError:
            self._close(conn)
        else:
            self._wait(conn, self._discard)

    def handle_error(self, _req: Any, client: socket, addr: Any, exc: Exception) -> None:
        """Answer a malformed request without repeating any of it."""
        problem = exc if isinstance(exc, Problem) else _problem(exc)
        if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request failed", exc_info=exc)
        else:
            log.info("request refused", extra={"address": addr[0], "status": problem.status})
        client.send(_encoded(problem))

    def murder_pending(self) -> None:
        """Give up waiting for the clients that are late; a stopping worker waits for none of them."""
        now = time.monotonic()
        for conn in [conn for conn in self._waiting if conn.deadline <= now or not self.alive]:
            if conn.answered or not conn.began:
                self._drop(conn)
            else:
                self._refuse(conn, Problem(408, "The request was not received in time. Retry the request."))

    def _wait(self, conn: Connection, then: Callable[[Connection], None]) -> None:
        self._waiting.add(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._ready, conn, then))

    def _ready(self, conn: Connection, then: Callable[[Connection], None], _socket: socket) -> None:
        if conn not in self._waiting:  # an earlier event of the same round has closed it, to make room
            return
        try:
            then(conn)
        except Exception:  # nothing that one client sends ends the worker, and with it the requests of all others
            log.exception("connection failed")
            if conn in self._waiting:
                self._forget(conn)
            self._close(conn)

    def _forget(self, conn: Connection) -> None:
        self._waiting.discard(conn)
        self.poller.unregister(conn.sock)

    def _drop(self, conn: Connection) -> None:
        self._forget(conn)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()

    def _make_room(self) -> None:
        """Close the oldest connection that waits, if one does: those that are handled are not touched."""
        if self._waiting:
            oldest = min(self._waiting, key=lambda conn: (not conn.answered, conn.accepted))
            self._drop(oldest)

    def _receive(self, conn: Connection) -> None:
        try:
            if conn.receive():
                self._forget(conn)
                self.enqueue_req(conn)
        except (Problem, ParseException) as error:
            self._refuse(conn, error)
        except OSError:
            self._drop(conn)

    def _refuse(self, conn: Connection, error: Exception) -> None:
        self._forget(conn)
        try:
            self.handle_error(None, conn.sock, conn.client, error)
            conn.linger()
        except OSError:
            self._close(conn)
        else:
            self._wait(conn, self._discard)

    def _discard(self, conn: Connection) -> None:
        try:
            more = conn.discard()
        except OSError:
            more = False
        if not more:
            self._drop(conn)


def _problem(error: Exception) -> Problem:
    if not isinstance(error, ParseException):
        return Problem(500, "Internal error. Report it with the `trace`.")
    known = (problem for kind, problem in STATUSES.items() if isinstance(error, kind))
    return Problem(*next(known, (400, "Malformed HTTP request. Correct the request and retry.")))


def _encoded(problem: Problem) -> bytes:
    response = problem.response(current().id)
    body = response.get_data()
    lines = [f"HTTP/1.1 {response.status}", f"Content-Type: {response.content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body
