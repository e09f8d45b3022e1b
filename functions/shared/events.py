"""The events of the product, as CloudEvents 1.0, and the sink that they are sent to.

Data is small JSON that carries ids, never bytes or addresses: `eventing/schemas/`. An event's id and source follow
from its job or letter, so a republished event has the same id. Extension attributes carry the trace of the upload.
"""

import time
from collections import deque
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent

from functions.shared.trace import Trace

VIDEO_UPLOADED = "video2mp3.video.uploaded.v1"
AUDIO_CONVERTED = "video2mp3.audio.converted.v1"
CONVERSION_FAILED = "video2mp3.conversion.failed.v1"
ACCOUNT_MAIL_REQUESTED = "video2mp3.account.mail-requested.v1"


def video_uploaded(job: str, trace: Trace | None = None, *, prewarm: bool = False) -> CloudEvent:
    """Return the event; with `prewarm` it is delivered to notify too."""
    event = _event(VIDEO_UPLOADED, "/functions/upload", job, "uploaded", trace=trace)
    if prewarm:
        event["prewarm"] = "true"
    return event


def audio_converted(job: str, mp3: str, trace: Trace | None = None) -> CloudEvent:
    return _event(AUDIO_CONVERTED, "/functions/convert", job, "converted", trace=trace, mp3=mp3)


def conversion_failed(job: str, code: str, trace: Trace | None = None) -> CloudEvent:
    return _event(CONVERSION_FAILED, "/functions/convert", job, "failed", trace=trace, code=code)


def account_mail_requested(letter: str, trace: Trace | None = None) -> CloudEvent:
    return _event(ACCOUNT_MAIL_REQUESTED, "/functions/auth", letter, "requested", noun="letter", trace=trace)


def _event(
    kind: str, source: str, subject: str, name: str, *, trace: Trace | None, noun: str = "job", **data: str
) -> CloudEvent:
    attributes = (trace.attributes() if trace else {}) | {
        "type": kind,
        "source": source,
        "id": f"{subject}.{name}",
        "subject": subject,
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, {noun: subject} | data)


TIMEOUT_SECONDS = 5
# The broker's ingress closes an idle connection after 10 s, its limit for reading a request.
IDLE_SECONDS, MAX_IDLE = 5, 4
SUCCESS = range(200, 300)


class SinkAway(Exception):  # noqa: N818  # a state of the world, as in `StoreAway`
    """The broker did not accept the event; the sweeper will republish it."""


class Sink:
    """The broker's ingress, at the address that a SinkBinding injects as `K_SINK`; connections are kept for a while."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._address = parts.netloc
        self._path = parts.path or "/"
        self._idle: deque[tuple[HTTPConnection, float]] = deque()

    def send(self, event: CloudEvent) -> None:
        """POST the event in binary mode; raise SinkAway unless it was accepted within 5 s.

        The trace goes as an attribute and as the HTTP header that Knative's own components read.
        """
        headers, body = to_binary(event)
        if parent := event.get("traceparent"):
            headers["traceparent"] = parent
        try:
            status = self._post(headers, body)
        except (OSError, HTTPException) as error:
            raise SinkAway(f"{event['id']} not accepted: {type(error).__name__}: {error}") from error
        if status not in SUCCESS:
            raise SinkAway(f"{event['id']} not accepted: status {status}")

    def _post(self, headers: dict[str, str], body: bytes | None) -> int:
        if kept := self._kept():
            # The broker may have closed it at this very moment. What it has received nevertheless is received twice.
            with suppress(ConnectionError):
                return self._exchange(kept, headers, body)
        return self._exchange(self._connection(self._address, timeout=TIMEOUT_SECONDS), headers, body)

    def _kept(self) -> HTTPConnection | None:
        with suppress(IndexError):
            while True:
                connection, since = self._idle.pop()
                if time.monotonic() - since < IDLE_SECONDS:
                    return connection
                connection.close()
        return None

    def _exchange(self, connection: HTTPConnection, headers: dict[str, str], body: bytes | None) -> int:
        try:
            connection.request("POST", self._path, body, headers)
            with connection.getresponse() as response:
                response.read()
        except BaseException:
            connection.close()
            raise
        if connection.sock and len(self._idle) < MAX_IDLE:  # no socket: the broker has asked to close it
            self._idle.append((connection, time.monotonic()))
        else:
            connection.close()
        return response.status
