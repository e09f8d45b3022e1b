"""The events of the product, as CloudEvents 1.0, and the sink that they are sent to.

Data is small JSON that carries ids, never bytes or addresses: `eventing/schemas/`. An event's id and source follow
from its job, so a republished event has the same id. Extension attributes carry the trace of the job's upload.
"""

import urllib.request
from http.client import HTTPException

from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent

from functions.shared.trace import Trace

VIDEO_UPLOADED = "video2mp3.video.uploaded.v1"
AUDIO_CONVERTED = "video2mp3.audio.converted.v1"
CONVERSION_FAILED = "video2mp3.conversion.failed.v1"


def video_uploaded(job: str, trace: Trace | None = None) -> CloudEvent:
    return _event(VIDEO_UPLOADED, "/functions/upload", job, "uploaded", trace=trace)


def audio_converted(job: str, mp3: str, trace: Trace | None = None) -> CloudEvent:
    return _event(AUDIO_CONVERTED, "/functions/convert", job, "converted", trace=trace, mp3=mp3)


def conversion_failed(job: str, code: str, trace: Trace | None = None) -> CloudEvent:
    return _event(CONVERSION_FAILED, "/functions/convert", job, "failed", trace=trace, code=code)


def _event(kind: str, source: str, job: str, name: str, *, trace: Trace | None, **data: str) -> CloudEvent:
    attributes = (trace.attributes() if trace else {}) | {
        "type": kind,
        "source": source,
        "id": f"{job}.{name}",
        "subject": job,
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, {"job": job} | data)


class SinkAway(Exception):  # noqa: N818  # a state of the world, as in `StoreAway`
    """The broker did not accept the event; the sweeper will republish it."""


class Sink:
    """The broker's ingress, at the address that a SinkBinding injects as `K_SINK`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, event: CloudEvent) -> None:
        """POST the event in binary mode; raise SinkAway unless it was accepted within 5 s.

        The trace goes as an attribute and as the HTTP header that Knative's own components read.
        """
        headers, body = to_binary(event)
        if parent := event.get("traceparent"):
            headers["traceparent"] = parent
        request = urllib.request.Request(self._url, data=body, headers=headers, method="POST")  # noqa: S310  # the broker's address, never a caller's
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                pass
        except (OSError, HTTPException) as error:  # urllib's HTTPError, a refusal by status, is an OSError too
            raise SinkAway(f"{event['id']} not accepted: {error}") from error
