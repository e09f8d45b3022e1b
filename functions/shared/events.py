"""The events of the product, as CloudEvents 1.0, and the sink that they go to.

Data is small JSON that carries ids, never bytes or addresses: `eventing/schemas/`. An event's id and source follow
from its job, so whoever tells it again tells the same event.
"""

import urllib.request
from http.client import HTTPException

from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent

VIDEO_UPLOADED = "video2mp3.video.uploaded.v1"
AUDIO_CONVERTED = "video2mp3.audio.converted.v1"
CONVERSION_FAILED = "video2mp3.conversion.failed.v1"


def video_uploaded(job: str) -> CloudEvent:
    return _event(VIDEO_UPLOADED, "/functions/upload", job, "uploaded", {})


def audio_converted(job: str, mp3: str) -> CloudEvent:
    return _event(AUDIO_CONVERTED, "/functions/convert", job, "converted", {"mp3": mp3})


def conversion_failed(job: str, code: str) -> CloudEvent:
    return _event(CONVERSION_FAILED, "/functions/convert", job, "failed", {"code": code})


def _event(kind: str, source: str, job: str, name: str, data: dict[str, str]) -> CloudEvent:
    attributes = {
        "type": kind,
        "source": source,
        "id": f"{job}.{name}",
        "subject": job,
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, {"job": job} | data)


class SinkAway(Exception):  # noqa: N818  # a state of the world, as in `StoreAway`
    """The broker did not take the event; the sweeper will tell it again."""


class Sink:
    """Where events go: the address that a SinkBinding injects as `K_SINK`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, event: CloudEvent) -> None:
        """POST the event in binary mode; raise SinkAway unless it was accepted within 5 s."""
        headers, body = to_binary(event)
        request = urllib.request.Request(self._url, data=body, headers=headers, method="POST")  # noqa: S310  # the cluster's address, not a caller's
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                pass
        except (OSError, HTTPException) as error:  # a refusal by status is an OSError too
            raise SinkAway(f"{event['id']} not accepted: {error}") from error
