from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.local.broker.manifests import Eventing, Subscription

EVENTING = Path(__file__).parents[3] / "eventing"
SERVICES = {
    name: f"http://127.0.0.1:{port}"
    for port, name in enumerate(("convert", "notify", "sweep", "deadletter", "webhook"), 9001)
}
UID = "3b4d9e02-f29e-5388-ae89-0fb3d9d5e0ce"  # another one would leave the queues of earlier versions behind


def subscription(found: Eventing, queue: str) -> Subscription:
    """Return the only subscription whose queue's name has this text."""
    (it,) = (it for it in found.subscriptions if queue in it.queue)
    return it


def test_dead_letters_and_each_trigger_have_a_queue() -> None:
    """The project needs one queue for the broker's dead letters and one for each trigger, named as on a cluster."""
    found = Eventing.read(EVENTING, SERVICES)
    assert found.queue_type == "quorum"
    assert found.exchange == f"b.video2mp3.default.{UID}"
    assert {it.queue: (it.exchange, it.match, it.parallelism) for it in found.subscriptions} == {
        f"b.video2mp3.default.dlq.{UID}": (f"b.video2mp3.default.dlx.{UID}", {}, 1),
        f"video2mp3.convert-on-video-uploaded.{UID}": (found.exchange, {"type": "video2mp3.video.uploaded.v1"}, 2),
        f"video2mp3.notify-on-audio-converted.{UID}": (found.exchange, {"type": "video2mp3.audio.converted.v1"}, 3),
        f"video2mp3.notify-on-conversion-failed.{UID}": (
            found.exchange,
            {"type": "video2mp3.conversion.failed.v1"},
            2,
        ),
        f"video2mp3.notify-on-mail-requested.{UID}": (
            found.exchange,
            {"type": "video2mp3.account.mail-requested.v1"},
            2,
        ),
        f"video2mp3.notify-on-prewarm.{UID}": (
            found.exchange,
            {"type": "video2mp3.video.uploaded.v1", "prewarm": "true"},
            1,
        ),
        f"video2mp3.webhook-on-audio-converted.{UID}": (found.exchange, {"type": "video2mp3.audio.converted.v1"}, 8),
        f"video2mp3.webhook-on-conversion-failed.{UID}": (
            found.exchange,
            {"type": "video2mp3.conversion.failed.v1"},
            8,
        ),
    }


def test_trigger_without_delivery_has_the_brokers() -> None:
    """A trigger without delivery has the broker's retries, backoff and dead-letter exchange."""
    it = subscription(Eventing.read(EVENTING, SERVICES), "convert-on-video-uploaded")
    assert it.subscriber == "http://127.0.0.1:9001"
    assert it.retry_waits == pytest.approx([0.4, 0.8, 1.6, 3.2, 6.4])
    assert it.dead_letter_exchange == f"b.video2mp3.default.dlx.{UID}"


def test_dead_letters_go_to_the_sink() -> None:
    """The dead-letter queue is delivered to the sink, and has no dead-letter exchange of its own."""
    it = subscription(Eventing.read(EVENTING, SERVICES), ".dlq.")
    assert (it.subscriber, it.dead_letter_exchange) == ("http://127.0.0.1:9004", "")


def test_ping_source_has_its_schedule_and_sink() -> None:
    """The project's PingSource pings the sweeper every minute, from the path that Knative uses."""
    (it,) = Eventing.read(EVENTING, SERVICES).ping_sources
    assert it.source == "/apis/v1/namespaces/video2mp3/pingsources/sweep"
    assert (it.schedule, it.sink) == ("* * * * *", "http://127.0.0.1:9003")


@pytest.mark.parametrize(
    ("delivery", "waits", "timeout"),
    [
        ({}, [0.1, 0.2, 0.4, 0.8, 1.6], 0),
        ({"retry": 0, "timeout": "PT1S"}, [], 1),
        ({"retry": 2, "backoffPolicy": "linear", "backoffDelay": "PT1M0.5S", "timeout": "PT2H30M"}, [60.5, 121], 9000),
    ],
)
def test_delivery_of_a_trigger_replaces_the_brokers(
    tmp_path: Path, delivery: dict[str, Any], waits: list[float], timeout: float
) -> None:
    """A trigger's delivery without a sink means no dead letters; without retry it means five."""
    it = read_trigger(tmp_path, {"delivery": delivery})
    assert it.retry_waits == pytest.approx(waits)
    assert (it.timeout, it.dead_letter_exchange) == (timeout, "")


def test_without_any_delivery_nothing_is_retried(tmp_path: Path) -> None:
    """Without any delivery there are no retries, and the dead-letter exchange is one that is never declared."""
    it = read_trigger(tmp_path, {})
    assert (it.retry_waits, it.timeout) == ([], 0)
    assert it.dead_letter_exchange == f"b.video2mp3.default.dlx.{UID}"


@pytest.mark.parametrize("duration", ["", "P", "PT", "5s", "P1Y", "PT5", "-PT5S"])
def test_malformed_duration_is_refused(tmp_path: Path, duration: str) -> None:
    """A duration that is not ISO 8601, or has days or more, is an error that names it."""
    with pytest.raises(ValueError, match=f"'{duration}' is no ISO 8601 duration"):
        read_trigger(tmp_path, {"delivery": {"backoffDelay": duration}})


def test_unknown_service_is_refused() -> None:
    """A destination that is no known Service is an error that names it."""
    with pytest.raises(ValueError, match="Service deadletter is no destination"):
        Eventing.read(EVENTING, {})


def test_folder_without_a_broker_is_refused(tmp_path: Path) -> None:
    """A folder must have exactly one broker."""
    with pytest.raises(ValueError, match="has 0 brokers"):
        Eventing.read(tmp_path, SERVICES)


def read_trigger(folder: Path, spec: dict[str, Any]) -> Subscription:
    """Return the subscription of a trigger with this `spec`, of a broker without delivery."""
    broker = yaml.safe_load((EVENTING / "broker.yaml").read_text())
    del broker["spec"]["delivery"]
    trigger = yaml.safe_load((EVENTING / "trigger-convert-on-video-uploaded.yaml").read_text())
    trigger["spec"] |= spec
    (folder / "config.yaml").write_text((EVENTING / "brokerconfig.yaml").read_text())
    (folder / "broker.yaml").write_text(yaml.safe_dump(broker))
    (folder / "trigger.yaml").write_text(yaml.safe_dump(trigger))
    return subscription(Eventing.read(folder, SERVICES), "convert-on-video-uploaded")
