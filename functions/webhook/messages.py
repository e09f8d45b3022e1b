"""A message as Standard Webhooks has it: JSON, and headers with its id, the time of the attempt and a signature.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import json
from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

from functions.shared.job import events
from functions.shared.job.document import Job

PREFIX = "whsec_"
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64  # as Standard Webhooks recommends
TEST = "video2mp3.webhook.tested.v1"


@dataclass(frozen=True)
class Message:
    """`id` is the same in every attempt, so that a receiver can ignore a message that it has already."""

    id: str
    body: bytes

    def headers(self, secret: str) -> dict[str, str]:
        """Return the headers of an attempt now, signed with the secret."""
        now = datetime.now(UTC)
        return {
            "Content-Type": "application/json",
            "User-Agent": "video2mp3-webhook",
            "webhook-id": self.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(self.id, now, self.body.decode()),
        }


def about(job: Job) -> Message:
    """Return the message about the end of a job: the event's data, with the job as its owner sees it."""
    event = events.ended(job)
    return _message(event["id"], event["type"], dict(event.get_data() or {}) | {"job": job.public()})


def test(number: str) -> Message:
    """Return a message that says nothing but that messages arrive."""
    return _message(f"{number}.tested", TEST, {"test": True})


def is_secret(text: str) -> bool:
    """Return whether the text is a secret: `whsec_` and base64 of 24 to 64 bytes."""
    if not text.startswith(PREFIX) or not text.isascii():
        return False
    try:
        return MIN_SECRET_BYTES <= len(b64decode(text.removeprefix(PREFIX), validate=True)) <= MAX_SECRET_BYTES
    except Error:
        return False


def _message(number: str, kind: str, data: dict[str, Any]) -> Message:
    body = {"type": kind, "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "data": data}
    return Message(number, json.dumps(body).encode())
