"""The laptop's broker for the contract suite.

A Broker is one process. Each of its Triggers is served by another process, with the same Broker and only that Trigger
in its folder, so that Triggers can be added and removed.
"""

import os
import subprocess
from pathlib import Path
from uuid import uuid4

import yaml

from scripts.local.broker.manifests import Eventing
from scripts.local.broker.program import ingress_url, program
from scripts.local.ports import answers, free_port
from tests.contract import broker
from tests.contract.amqp import Amqp
from tests.contract.broker import Manifest
from tests.contract.events import event
from tests.support.stacks import Server
from tests.support.waiting import eventually


class Laptop(broker.Platform):
    def __init__(self, folder: Path, rabbitmq: Server) -> None:
        self.host = "127.0.0.1"
        self.amqp_url = rabbitmq.url
        self._folder = folder
        self._rabbitmq = rabbitmq

    def broker(self, delivery: Manifest) -> "Broker":
        return Broker(self._folder / f"ns-{uuid4().hex[:8]}", self.amqp_url, delivery)

    def restart_rabbitmq(self) -> None:
        self._rabbitmq.restart()

    def close(self) -> None:
        pass  # RabbitMQ belongs to the session


class Process:
    """A process of the broker's program with these manifests."""

    def __init__(self, folder: Path, amqp_url: str, manifests: list[Manifest]) -> None:
        folder.mkdir(parents=True)
        for number, manifest in enumerate(manifests):
            (folder / f"{number}.yaml").write_text(yaml.safe_dump(manifest))
        port = free_port()
        self.url = ingress_url(port)
        self.eventing = Eventing.read(folder, {})
        self._program = program(folder, {}, amqp_url, port)
        self.start()

    def start(self) -> None:
        environment = self._program.env | {"PATH": os.environ["PATH"]}
        self._process = subprocess.Popen(self._program.command, env=environment)
        eventually(lambda: answers(self.url), 30, "the ingress listens, after it has declared the queues")

    def terminate(self) -> None:
        self._process.terminate()

    def stop(self) -> None:
        self.terminate()
        try:
            self._process.wait(timeout=15)
        finally:
            self._process.kill()  # a process that does not end fails the test, and must not outlive it


class Broker(broker.Broker):
    def __init__(self, folder: Path, amqp_url: str, delivery: Manifest) -> None:
        self._folder = folder
        self._amqp_url = amqp_url
        self._namespace = folder.name
        self._manifests = [_config(self._namespace), _broker(self._namespace, delivery)]
        self._process = Process(folder / "broker", amqp_url, self._manifests)
        self._subscriptions: list[Subscription] = []
        self.url = self._process.url
        self.exchange = self._process.eventing.exchange
        # No Trigger receives this event.
        eventually(lambda: self.post_status(event()) == 202, 30, "the ingress publishes")

    def subscribe(self, trigger: Manifest) -> "Subscription":
        trigger["metadata"]["namespace"] = self._namespace
        folder = self._folder / trigger["metadata"]["name"]
        process = Process(folder, self._amqp_url, [*self._manifests, trigger])
        self._subscriptions.append(Subscription(process, self._amqp_url))
        return self._subscriptions[-1]

    def terminate_ingress(self) -> None:
        self._process.terminate()

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.close()
        self._process.stop()


class Subscription(broker.Subscription):
    def __init__(self, process: Process, amqp_url: str) -> None:
        self._process = process
        self._amqp_url = amqp_url
        self._queues = [it.queue for it in process.eventing.subscriptions]
        self.queue = self._queues[-1]
        self._wait()

    def start(self) -> None:
        self._process.start()
        self._wait()

    def stop(self) -> None:
        self._process.stop()

    def close(self) -> None:
        self.stop()

    def _wait(self) -> None:
        amqp = Amqp(self._amqp_url)
        try:
            eventually(lambda: all(amqp.consumers(queue) for queue in self._queues), 30, "the dispatchers consume")
        finally:
            amqp.close()


def _config(namespace: str) -> Manifest:
    return {
        "apiVersion": "eventing.knative.dev/v1alpha1",
        "kind": "RabbitmqBrokerConfig",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {"queueType": "quorum"},
    }


def _broker(namespace: str, delivery: Manifest) -> Manifest:
    spec = {"config": {"kind": "RabbitmqBrokerConfig", "name": "default", "namespace": namespace}, "delivery": delivery}
    return {
        "apiVersion": "eventing.knative.dev/v1",
        "kind": "Broker",
        "metadata": {
            "name": "default",
            "namespace": namespace,
            "annotations": {"eventing.knative.dev/broker.class": "RabbitMQBroker"},
        },
        "spec": spec,
    }
