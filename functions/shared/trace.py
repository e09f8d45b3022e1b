"""One id follows one video: the W3C trace context and the gateway's request id, from the upload into every log line.

https://www.w3.org/TR/trace-context/ and CloudEvents' distributed tracing extension. There is no tracing SDK: a function
passes on the `traceparent` that it received, and makes one where there is none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Trace:
    """The trace of one request: `parent` is its `traceparent`, `request` the gateway's id of it."""

    parent: str
    request: str

    @classmethod
    def of(cls, parent: object, request: object) -> Self:
        """Return the trace of these header or attribute values; a missing or malformed one is replaced by a new one."""
        new = uuid4().hex
        return cls(
            parent if isinstance(parent, str) and _TRACEPARENT.fullmatch(parent) else f"00-{new}-{new[:16]}-01",
            request if isinstance(request, str) and _REQUEST.fullmatch(request) else new,
        )

    @classmethod
    def of_headers(cls, headers: Mapping[str, str]) -> Self:
        """Return the trace of an HTTP request."""
        return cls.of(headers.get("traceparent"), headers.get("X-Request-Id"))

    @classmethod
    def of_event(cls, attributes: Mapping[str, Any], headers: Mapping[str, str]) -> Self:
        """Return the trace of an event that came with these HTTP headers.

        Knative's RabbitMQ broker delivers an event's attribute `traceparent` as the HTTP header, any other as `ce-…`.
        """
        return cls.of(attributes.get("traceparent", headers.get("traceparent")), attributes.get("requestid"))

    @property
    def id(self) -> str:
        """The trace id: 32 hexadecimal digits."""
        return self.parent[3:35]

    def fields(self) -> dict[str, str]:
        """Return what every log line has of it."""
        return {"trace": self.id, "request": self.request}

    def attributes(self) -> dict[str, str]:
        """Return the extension attributes of an event."""
        return {"traceparent": self.parent, "requestid": self.request}
