"""What `eventing/` asks of the broker: queues with their subscribers, named as in RabbitMQ, and PingSources.

Only what the project's manifests and the contract suite use is read. Like eventing-rabbitmq, it ignores `spec.filters`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

_DURATION = re.compile(r"PT(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?")


@dataclass(frozen=True)
class Subscription:
    """A queue, which gets the events of `exchange` with all attributes of `match`, and its subscriber's URL.

    `retry_waits` are the seconds before each retry, `timeout` those of each attempt, 0 for no limit. An event that
    cannot be delivered goes to `dead_letter_exchange`, or is lost if that is empty.
    """

    queue: str
    exchange: str
    match: dict[str, str]
    subscriber: str
    parallelism: int
    retry_waits: list[float]
    timeout: float
    dead_letter_exchange: str


@dataclass(frozen=True)
class PingSource:
    """Sends a ping from `source`, a path, to the URL `sink` at the times of `schedule`, a crontab's five fields."""

    source: str
    schedule: str
    sink: str


@dataclass(frozen=True)
class Eventing:
    """A Broker, whose events are published to `exchange`, with all that depends on it."""

    exchange: str
    queue_type: str
    subscriptions: list[Subscription]
    ping_sources: list[PingSource]

    @classmethod
    def read(cls, folder: Path, services: Mapping[str, str]) -> "Eventing":
        """Read `*.yaml` of the folder; `services` are the URLs of Knative Services by their names.

        Raises ValueError unless there is exactly one Broker and all destinations are known.
        """
        contents = [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))]
        brokers, triggers, sources = (
            [_Manifest(content, services) for content in contents if content["kind"] == kind]
            for kind in ("Broker", "Trigger", "PingSource")
        )
        if len(brokers) != 1:
            raise ValueError(f"{folder} has {len(brokers)} brokers, not one")
        broker = brokers[0]
        config = next(content for content in contents if content["kind"] == "RabbitmqBrokerConfig")
        owners = [owner for owner in (broker, *triggers) if "deadLetterSink" in owner.delivery]
        return cls(
            broker.exchange,
            config["spec"]["queueType"],
            [_of_dead_letters(owner) for owner in owners] + [_of_trigger(trigger, broker) for trigger in triggers],
            [_ping_source(source) for source in sources],
        )


class _Manifest:
    """A manifest, and the names that its parts have in RabbitMQ."""

    def __init__(self, content: dict[str, Any], services: Mapping[str, str]) -> None:
        metadata, self.kind, self._services = content["metadata"], content["kind"], services
        self.namespace, self.name = metadata["namespace"], metadata["name"]
        self.spec = content["spec"]
        self.delivery = self.spec.get("delivery", {})
        self.parallelism = int(metadata.get("annotations", {}).get("rabbitmq.eventing.knative.dev/parallelism", 1))
        # Instead of the cluster's uid: the same at every start, so that existing queues are used again.
        self.uid = uuid5(NAMESPACE_URL, f"{self.namespace}/{self.name}")
        prefix = f"{self.kind[0].lower()}.{self.namespace}.{self.name}"
        self.exchange, self.dlx, self.dlq = (f"{prefix}{part}.{self.uid}" for part in ("", ".dlx", ".dlq"))

    def address(self, destination: dict[str, Any]) -> str:
        if uri := destination.get("uri"):
            return str(uri)
        name = destination["ref"]["name"]
        if name not in self._services:
            raise ValueError(f"Service {name} is no destination: known are {', '.join(sorted(self._services))}")
        return self._services[name]


def _of_dead_letters(owner: _Manifest) -> Subscription:
    sink = owner.address(owner.delivery["deadLetterSink"])
    return Subscription(owner.dlq, owner.dlx, {}, sink, owner.parallelism, *_retries(owner.delivery), "")


def _of_trigger(trigger: _Manifest, broker: _Manifest) -> Subscription:
    """Read a Trigger, whose `delivery` replaces the Broker's as a whole.

    Without one, the Broker's dead-letter exchange is used, which RabbitMQ does not have if the Broker has no sink.
    """
    own = trigger.dlx if "deadLetterSink" in trigger.delivery else ""
    has_own = "delivery" in trigger.spec
    return Subscription(
        f"{trigger.namespace}.{trigger.name}.{broker.uid}",
        broker.exchange,
        trigger.spec.get("filter", {}).get("attributes", {}),
        trigger.address(trigger.spec["subscriber"]),
        trigger.parallelism,
        *_retries((trigger if has_own else broker).spec.get("delivery")),
        own if has_own else broker.dlx,
    )


def _ping_source(source: _Manifest) -> PingSource:
    path = f"/apis/v1/namespaces/{source.namespace}/pingsources/{source.name}"
    return PingSource(path, source.spec["schedule"], source.address(source.spec["sink"]))


def _retries(delivery: dict[str, Any] | None) -> tuple[list[float], float]:
    """Return the wait before each retry and the timeout: five retries by default, none without any `delivery`."""
    if delivery is None:
        return [], 0
    delay, linear = _seconds(delivery.get("backoffDelay", "PT0.05S")), delivery.get("backoffPolicy") == "linear"
    retries = range(1, delivery.get("retry", 5) + 1)
    return [delay * (number if linear else 2**number) for number in retries], _seconds(delivery.get("timeout", "PT0S"))


def _seconds(duration: str) -> float:
    match = _DURATION.fullmatch(duration)
    if not match or not any(match.groups()):
        raise ValueError(f"{duration!r} is no ISO 8601 duration such as PT0.2S")
    return timedelta(**{unit: float(number) for unit, number in match.groupdict("0").items()}).total_seconds()
