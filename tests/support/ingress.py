"""A stand-in for the broker: delivery to a function, and an ingress that records the events of functions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

import requests
from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent, from_http
from werkzeug import Request, Response

from tests.support.web import Answer, WebServer

ACCEPTED = 202
SAME = ("id", "source", "type", "subject")


def deliver(url: str, event: CloudEvent) -> requests.Response:
    """Deliver the event to a function, as the dispatcher does."""
    headers, body = to_binary(event)
    return requests.post(url, data=body, headers=headers, timeout=60)


def same(one: CloudEvent, other: CloudEvent) -> bool:
    """Whether both are the same event, apart from the time of publication."""
    return [one[name] for name in SAME] == [other[name] for name in SAME] and one.data == other.data


class Ingress:
    """The broker's ingress at `url`: `heard` are all events in order, `accepted` those that it answered with 202.

    `status` is the status of the answers.
    """

    def __init__(self) -> None:
        self._server = WebServer(self._take)
        self.url = self._server.url
        self.reset()

    def reset(self) -> None:
        """Forget all events, and accept the next."""
        self.heard: list[CloudEvent] = []
        self.accepted: list[CloudEvent] = []
        self.status = ACCEPTED
        self._on_event: Callable[[CloudEvent], object] = lambda _event: None

    def close(self) -> None:
        self._server.close()

    def ids(self) -> list[str]:
        return sorted(event["id"] for event in self.heard)

    def about(self, job: object) -> list[CloudEvent]:
        """Return the accepted events of a job."""
        return [event for event in self.accepted if event["subject"] == str(job)]

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Answer 500 until the block ends."""
        self.status = 500
        try:
            yield
        finally:
            self.status = ACCEPTED

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Receive events without an answer until the block ends."""
        end = Event()
        with self.calling(lambda _event: end.wait(30)):
            try:
                yield
            finally:
                end.set()

    @contextmanager
    def calling(self, on_event: Callable[[CloudEvent], object]) -> Iterator[None]:
        """Call this for each event before it is answered, until the block ends."""
        self._on_event = on_event
        try:
            yield
        finally:
            self._on_event = lambda _event: None

    def _take(self, request: Request) -> Response:
        assert "ce-id" in request.headers, "events are sent in binary mode, see eventing/README.md"
        event, status = from_http(dict(request.headers), request.get_data()), self.status
        self._on_event(event)
        self.heard.append(event)
        if status == ACCEPTED:
            self.accepted.append(event)
        return Answer(status=status)


@contextmanager
def listening() -> Iterator[Ingress]:
    ingress = Ingress()
    try:
        yield ingress
    finally:
        ingress.close()
