import json
from datetime import UTC, datetime

import pytest
from bson import ObjectId
from standardwebhooks import Webhook, WebhookVerificationError

from functions.shared.job.document import Job, Mp3, Reason, State
from functions.webhook import messages

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
DONE = Job(
    ObjectId(), ObjectId(), "owner", "a@b.example", "ä.mp4", 1000, State.DONE, 1.0, None, Mp3(ObjectId(), 5, 1.5),
    datetime.now(UTC), None,
)  # fmt: skip
FAILED = Job(
    ObjectId(), ObjectId(), "owner", "a@b.example", "ä.mp4", 1000, State.FAILED, 0.0, Reason("no_audio", "None."), None,
    datetime.now(UTC), None,
)  # fmt: skip


@pytest.mark.parametrize("job", [DONE, FAILED])
def test_receiver_verifies_a_message(job: Job) -> None:
    """By the library that receivers use; not with another secret, nor with another byte."""
    message = messages.about(job)
    headers = message.headers(SECRET)
    body = Webhook(SECRET).verify(message.body, headers)
    assert body["data"]["job"] == job.public()
    for secret, content in ((OTHER, message.body), (SECRET, message.body + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(content, headers)


def test_message_has_the_events_type_and_data() -> None:
    """And the address of nobody."""
    assert DONE.mp3
    done, failed = (json.loads(messages.about(job).body) for job in (DONE, FAILED))
    assert done.keys() == {"type", "timestamp", "data"}
    assert (done["type"], done["data"].keys()) == ("video2mp3.audio.converted.v1", {"job", "mp3"})
    assert done["data"]["mp3"] == str(DONE.mp3.id)
    assert (failed["type"], failed["data"]["code"]) == ("video2mp3.conversion.failed.v1", "no_audio")
    assert "a@b.example" not in json.dumps([done, failed])


def test_id_is_the_same_in_every_attempt() -> None:
    """It is the event's; job and end make it unique."""
    assert messages.about(DONE).id == messages.about(DONE).id == f"{DONE.id}.converted"
    assert messages.about(FAILED).id == f"{FAILED.id}.failed"


@pytest.mark.parametrize("text", [SECRET, OTHER, "whsec_" + "A" * 32])
def test_secret_of_standard_webhooks_is_accepted(text: str) -> None:
    assert messages.is_secret(text)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "secret", SECRET[6:], "whsec_" + "A" * 28, "whsec_" + "A" * 92, "whsec_!!"]
)
def test_other_secret_is_refused(text: str) -> None:
    """Too short, too long, no prefix, no base64."""
    assert not messages.is_secret(text)
