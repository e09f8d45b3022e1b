"""The Broker, its Triggers and the PingSources of `eventing/`, with the names that they have in RabbitMQ."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

BROKER_CLASS = "RabbitMQBroker"
PARALLELISM = "rabbitmq.eventing.knative.dev/parallelism"

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Broker:
    """`delivery` is the manifest's, None where it has none; `queue_type` is quorum or classic."""

    namespace: str
    name: str
    delivery: Manifest | None
    queue_type: str

    @property
    def uid(self) -> str:
        return _uid(self.namespace, self.name)

    @property
    def exchange(self) -> str:
        return _child_name(f"b.{self.namespace}.{self.name}.", self.uid)

    @property
    def dlx(self) -> str:
        return _child_name(f"b.{self.namespace}.{self.name}.dlx.", self.uid)

    @property
    def dlq(self) -> str:
        return _child_name(f"b.{self.namespace}.{self.name}.dlq.", self.uid)

    @property
    def has_dlq(self) -> bool:
        return bool(self.delivery and self.delivery.get("deadLetterSink"))


@dataclass(frozen=True)
class Trigger:
    """`filters` are the attributes that an event must have; `delivery`, where there is one, replaces the broker's."""

    namespace: str
    name: str
    filters: dict[str, str]
    delivery: Manifest | None
    subscriber: Manifest
    parallelism: int

    @property
    def dlx(self) -> str:
        return _child_name(f"t.{self.namespace}.{self.name}.dlx.", _uid(self.namespace, self.name))

    @property
    def dlq(self) -> str:
        return _child_name(f"t.{self.namespace}.{self.name}.dlq.", _uid(self.namespace, self.name))

    @property
    def has_dlq(self) -> bool:
        return bool(self.delivery and self.delivery.get("deadLetterSink"))

    def queue(self, broker: Broker) -> str:
        return f"{self.namespace}.{self.name}.{broker.uid}"


@dataclass(frozen=True)
class PingSource:
    namespace: str
    name: str
    spec: Manifest

    @property
    def source(self) -> str:
        return f"/apis/v1/namespaces/{self.namespace}/pingsources/{self.name}"


@dataclass(frozen=True)
class Eventing:
    """What a folder of manifests asks for. `spec.filters` is not read: eventing-rabbitmq ignores it."""

    broker: Broker
    triggers: list[Trigger]
    ping_sources: list[PingSource]

    @classmethod
    def read(cls, folder: Path) -> "Eventing":
        """Read `*.yaml` of the folder; raise ValueError unless it has exactly one broker of RabbitMQ's class."""
        manifests = list(_manifests(folder))
        configs = {_key(it): it["spec"] for it in manifests if it["kind"] == "RabbitmqBrokerConfig"}
        brokers = [_broker(it, configs) for it in manifests if it["kind"] == "Broker" and _is_rabbitmq(it)]
        if len(brokers) != 1:
            raise ValueError(f"{folder} has {len(brokers)} brokers of class {BROKER_CLASS}, not one")
        broker = brokers[0]
        triggers = [
            _trigger(it)
            for it in manifests
            if it["kind"] == "Trigger" and (it["metadata"]["namespace"], it["spec"]["broker"]) == _names(broker)
        ]
        pings = [PingSource(*_key(it), it["spec"]) for it in manifests if it["kind"] == "PingSource"]
        return cls(broker, triggers, pings)


def _manifests(folder: Path) -> Iterator[Manifest]:
    for path in sorted(folder.glob("*.yaml")):
        yield from filter(None, yaml.safe_load_all(path.read_text()))


def _broker(manifest: Manifest, configs: dict[tuple[str, str], Manifest]) -> Broker:
    config = manifest["spec"]["config"]
    queue_type = configs[config["namespace"], config["name"]].get("queueType", "quorum")
    return Broker(*_key(manifest), manifest["spec"].get("delivery"), queue_type)


def _trigger(manifest: Manifest) -> Trigger:
    spec = manifest["spec"]
    return Trigger(
        *_key(manifest),
        filters=(spec.get("filter") or {}).get("attributes") or {},
        delivery=spec.get("delivery"),
        subscriber=spec["subscriber"],
        parallelism=int(manifest["metadata"].get("annotations", {}).get(PARALLELISM, "1")),
    )


def _is_rabbitmq(manifest: Manifest) -> bool:
    annotations: dict[str, str] = manifest["metadata"].get("annotations", {})
    return annotations.get("eventing.knative.dev/broker.class") == BROKER_CLASS


def _names(broker: Broker) -> tuple[str, str]:
    return broker.namespace, broker.name


def _key(manifest: Manifest) -> tuple[str, str]:
    return manifest["metadata"]["namespace"], manifest["metadata"]["name"]


def _uid(namespace: str, name: str) -> str:
    """Stand in for the uid that a cluster gives: the same at every start, so that the queues are found again."""
    return str(uuid5(NAMESPACE_URL, f"{namespace}/{name}"))


def _child_name(parent: str, uid: str) -> str:
    """Name a child as knative.dev/pkg's kmeta.ChildName does: over 63 characters it is cut and hashed."""
    name = parent + uid
    if len(name) <= 63:
        return name
    hashed = parent[:31] + md5(name.encode(), usedforsecurity=False).hexdigest()
    return hashed + uid[: 63 - len(hashed)]
