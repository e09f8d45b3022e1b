"""Says which processes a Broker, its Triggers and the PingSources need, as Knative's controllers do."""

import base64
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urljoin

from scripts.local.broker.durations import iso_to_go
from scripts.local.broker.manifests import Eventing, Manifest, PingSource
from scripts.local.program import Program

REPOSITORY = Path(__file__).parents[3]


def ingress_url(port: int) -> str:
    """Return the broker's address, which SinkBindings inject as K_SINK."""
    return f"http://127.0.0.1:{port}/"


def programs(eventing: Path, services: Mapping[str, str], amqp_url: str, ingress_port: int) -> list[Program]:
    """Return one ingress, a dispatcher for each trigger and dead-letter queue, a timer for each PingSource.

    `services` are the addresses of Knative Services by their names; raises ValueError for a destination that is none
    of them. The programs may start in any order, before RabbitMQ and before `topology.declare` too.
    """
    found, ingress = Eventing.read(eventing), ingress_url(ingress_port)
    broker = found.broker

    def resolve(destination: Manifest) -> str:
        return _address(destination, services, ingress)

    def dispatcher(name: str, queue: str, subscriber: str, **env: str) -> Program:
        common = {
            "RABBIT_URL": amqp_url,
            "QUEUE_NAME": queue,
            "SUBSCRIBER": subscriber,
            "BROKER_INGRESS_URL": ingress,
        }
        return _program(name, "dispatcher", common | env)

    result = [
        _program(
            f"{broker.name}-broker-ingress",
            "ingress",
            {
                "BROKER_URL": amqp_url,
                "EXCHANGE_NAME": broker.exchange,
                "HOST": "127.0.0.1",
                "PORT": str(ingress_port),
            },
            ingress,
        )
    ]
    if broker.delivery and broker.has_dlq:
        env = _delivery(broker.delivery)
        env.pop("TIMEOUT", None)  # the broker's dead-letter dispatcher is never told
        sink = resolve(broker.delivery["deadLetterSink"])
        result.append(dispatcher(f"{broker.name}-dlq-dispatcher", broker.dlq, sink, DLX="true", **env))
    for trigger in found.triggers:
        subscriber, parallelism = resolve(trigger.subscriber), str(trigger.parallelism)
        if trigger.delivery is None:
            env = _delivery(broker.delivery) | {"DLX_NAME": broker.dlx}  # also where no such exchange is declared
        else:
            env = _delivery(trigger.delivery) | {"DLX_NAME": trigger.dlx if trigger.has_dlq else ""}
        name, queue = f"{trigger.name}-dispatcher", trigger.queue(broker)
        result.append(dispatcher(name, queue, subscriber, PARALLELISM=parallelism, **env))
        if trigger.delivery and trigger.has_dlq:
            env = _delivery(trigger.delivery) | {"DLX": "true", "PARALLELISM": parallelism}
            sink = resolve(trigger.delivery["deadLetterSink"])
            result.append(dispatcher(f"{trigger.name}-dlx-dispatcher", trigger.dlq, sink, **env))
    return result + [_timer(source, resolve(source.spec["sink"])) for source in found.ping_sources]


def _delivery(delivery: Manifest | None) -> dict[str, str]:
    if delivery is None:
        return {}
    env = {"RETRY": str(delivery.get("retry", 5))}
    if "backoffPolicy" in delivery:
        env["BACKOFF_POLICY"] = delivery["backoffPolicy"]
    if "backoffDelay" in delivery:
        env["BACKOFF_DELAY"] = iso_to_go(delivery["backoffDelay"])
        if env["BACKOFF_DELAY"] == "0ms":
            raise ValueError("a backoffDelay below PT0.1S is none, with which the real dispatcher dies at each retry")
    if "timeout" in delivery:
        env["TIMEOUT"] = iso_to_go(delivery["timeout"])
    return env


def _address(destination: Manifest, services: Mapping[str, str], ingress: str) -> str:
    """Resolve a destination: `ref` to a Service or the Broker, with `uri` relative to it, or `uri` alone."""
    ref, uri = destination.get("ref"), str(destination.get("uri", ""))
    if not ref:
        return uri
    if ref["kind"] == "Broker":
        return urljoin(ingress, uri)
    if ref["kind"] != "Service" or ref["name"] not in services:
        raise ValueError(f"{ref['kind']} {ref['name']} is no destination: known are {', '.join(sorted(services))}")
    return urljoin(services[ref["name"]], uri)


def _timer(source: PingSource, sink: str) -> Program:
    spec = source.spec
    env = {
        "SCHEDULE": spec["schedule"],
        "TIMEZONE": spec.get("timezone", "UTC"),
        "SOURCE": source.source,
        "SINK": sink,
        "CONTENT_TYPE": spec.get("contentType", ""),
        "DATA": spec.get("dataBase64") or base64.b64encode(spec.get("data", "").encode()).decode(),
    }
    return _program(f"{source.name}-pingsource", "timer", env)


def _program(name: str, module: str, env: dict[str, str], address: str = "") -> Program:
    command = [sys.executable, "-m", f"scripts.local.broker.{module}"]
    return Program(name, command, env | {"PYTHONPATH": str(REPOSITORY)}, address)
