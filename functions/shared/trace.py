"""One id follows one video: the W3C trace context and the gateway's request id, from the upload into every log line.

https://www.w3.org/TR/trace-context/ and CloudEvents' distributed tracing extension. There is no tracing SDK: a function
passes on the `traceparent` that it received, and makes one where there is none.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

from cloudevents.http import CloudEvent

from functions.shared import logs

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Trace:
    """The trace of one request: `parent` is its `traceparent`, `request` the gateway's id of it."""

    parent: str
    request: str

    @classmethod
    def of(cls, parent: object, request: object) -> Self:
        """Return the trace of a `traceparent` and an `X-Request-Id`; a missing or malformed value is replaced."""
        new = uuid4().hex
        return cls(
            parent if isinstance(parent, str) and _TRACEPARENT.fullmatch(parent) else f"00-{new}-{new[:16]}-01",
            request if isinstance(request, str) and _REQUEST.fullmatch(request) else new,
        )

    @classmethod
    def of_event(cls, event: CloudEvent, header: str | None = None) -> Self:
        """Return the trace of an event that was delivered with this `traceparent` header.

        Knative's RabbitMQ broker delivers the attribute `traceparent` as that header, any other attribute as `ce-…`.
        """
        return cls.of(event.get("traceparent", header), event.get("requestid"))

    @property
    def id(self) -> str:
        """The trace id: 32 hexadecimal digits."""
        return self.parent[3:35]

    def attributes(self) -> dict[str, str]:
        """Return the extension attributes of an event."""
        return {"traceparent": self.parent, "requestid": self.request}


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace:
    """Return the trace of this thread's request or event; outside of one, a new trace."""
    return _current.get() or Trace.of(None, None)


@contextmanager
def follow(trace: Trace) -> Iterator[None]:
    """Make `trace` the current one, and add its ids to every log record, until the block ends."""
    token = _current.set(trace)
    try:
        with logs.about(trace=trace.id, request=trace.request):
            yield
    finally:
        _current.reset(token)
