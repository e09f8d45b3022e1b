"""A recording HTTP server that answers events as it is told."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Delivery:
    """One request as it came: `at` in seconds of the monotonic clock; header names are case-insensitive."""

    at: float
    method: str
    headers: Message
    body: bytes

    @property
    def id(self) -> str:
        return str(self.headers["ce-id"])


@dataclass(frozen=True)
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Subscriber:
    """`answer` is called for each delivery, in the thread of its connection: it may block."""

    def __init__(self, answer: Callable[[Delivery], Answer], host: str = "127.0.0.1") -> None:
        self.received: list[Delivery] = []
        self._changed = threading.Condition()
        subscriber = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                delivery = Delivery(time.monotonic(), "POST", self.headers, body)
                subscriber._record(delivery)
                said = answer(delivery)
                try:
                    self.send_response(said.status)
                    for name, value in ({"Content-Length": str(len(said.body))} | said.headers).items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(said.body)
                except ConnectionError:
                    self.close_connection = True  # the dispatcher was stopped or had enough

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://{host}:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def ids(self) -> list[str]:
        """The events' ids in the order of arrival, repetitions included."""
        return [delivery.id for delivery in self.received]

    def wait(self, condition: Callable[[list[Delivery]], bool], seconds: float = 20) -> list[Delivery]:
        """Return what was received as soon as it meets the condition."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.received), seconds), f"received only {self.ids}"
            return list(self.received)

    def wait_for(self, count: int) -> list[Delivery]:
        return self.wait(lambda received: len(received) >= count)

    def wait_for_id(self, event_id: str) -> list[Delivery]:
        return self.wait(lambda received: any(delivery.id == event_id for delivery in received))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _record(self, delivery: Delivery) -> None:
        with self._changed:
            self.received.append(delivery)
            self._changed.notify_all()
