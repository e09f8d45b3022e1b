"""An HTTP server that records events and answers as the test defines."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message

from werkzeug import Request, Response

from tests.support import web
from tests.support.web import WebServer


@dataclass(frozen=True)
class Delivery:
    """One received request: `at` is in seconds of the monotonic clock, header names are case-insensitive."""

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
        self._answer = answer
        self._server = WebServer(self._take, host)
        self.url = f"{self._server.url}/"

    @property
    def ids(self) -> list[str]:
        """The events' ids in the order of arrival, repetitions included."""
        return [delivery.id for delivery in self.received]

    def wait(self, condition: Callable[[list[Delivery]], bool], seconds: float = 20) -> list[Delivery]:
        """Return the received deliveries as soon as they meet the condition."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.received), seconds), f"received only {self.ids}"
            return list(self.received)

    def wait_for(self, count: int) -> list[Delivery]:
        return self.wait(lambda received: len(received) >= count)

    def wait_for_id(self, event_id: str) -> list[Delivery]:
        return self.wait(lambda received: any(delivery.id == event_id for delivery in received))

    def close(self) -> None:
        self._server.close()

    def _take(self, request: Request) -> Response:
        headers = Message()
        for name, value in request.headers.items():
            headers[name] = value
        delivery = Delivery(time.monotonic(), request.method, headers, request.get_data())
        with self._changed:
            self.received.append(delivery)
            self._changed.notify_all()
        said = self._answer(delivery)
        return web.Answer(said.body, said.status, said.headers)
