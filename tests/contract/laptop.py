"""The laptop's broker for the contract suite: its programs, as processes of the suite."""

import os
import subprocess
from pathlib import Path
from uuid import uuid4

import yaml

from scripts.local.broker.manifests import Eventing, Trigger
from scripts.local.broker.programs import programs
from scripts.local.broker.topology import declare
from scripts.local.ports import free_port
from scripts.local.program import Program
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
        folder = self._folder / f"ns-{uuid4().hex[:8]}"
        folder.mkdir()
        return Broker(folder, self.amqp_url, delivery)

    def restart_rabbitmq(self) -> None:
        self._rabbitmq.restart()

    def close(self) -> None:
        pass  # RabbitMQ is the session's


class Broker(broker.Broker):
    def __init__(self, folder: Path, amqp_url: str, delivery: Manifest) -> None:
        self._folder = folder
        self._amqp_url = amqp_url
        self._port = free_port()
        self._namespace = folder.name
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.url = f"http://127.0.0.1:{self._port}/"
        self._write("config", _config(self._namespace))
        self._write("broker", _broker(self._namespace, delivery))
        self.exchange = self._eventing.broker.exchange
        declare(folder, amqp_url)
        self._start()
        # A broker without Triggers: this event reaches nobody.
        eventually(lambda: self.post_status(event()) == 202, 30, "the ingress publishes")

    def subscribe(self, trigger: Manifest) -> "Subscription":
        trigger["metadata"]["namespace"] = self._namespace
        name = trigger["metadata"]["name"]
        self._write(name, trigger)
        declare(self._folder, self._amqp_url)
        found = next(it for it in self._eventing.triggers if it.name == name)
        subscription = Subscription(self, found)
        subscription.start()
        return subscription

    def unsubscribe(self, name: str) -> None:
        (self._folder / f"{name}.yaml").unlink()

    def close(self) -> None:
        self.stop(list(self._processes))

    def terminate_ingress(self) -> None:
        self._processes["default-broker-ingress"].terminate()

    def start(self, names: set[str], queues: list[str]) -> None:
        self._start()
        missing = names - set(self._processes)
        assert not missing, f"no such programs: {missing}"
        amqp = Amqp(self._amqp_url)
        try:
            eventually(lambda: all(amqp.consumers(queue) for queue in queues), 30, "the dispatchers consume")
        finally:
            amqp.close()

    def stop(self, names: list[str]) -> None:
        processes = [self._processes.pop(name) for name in names]
        for process in processes:
            process.terminate()
        try:
            for process in processes:
                process.wait(timeout=15)
        finally:
            for process in processes:
                process.kill()  # one that would not end is the test's failure, and is not left behind

    @property
    def _eventing(self) -> Eventing:
        return Eventing.read(self._folder)

    def _start(self) -> None:
        for program in programs(self._folder, {}, self._amqp_url, self._port):
            if program.name not in self._processes:
                self._processes[program.name] = _spawn(program)

    def _write(self, name: str, manifest: Manifest) -> None:
        (self._folder / f"{name}.yaml").write_text(yaml.safe_dump(manifest))


class Subscription(broker.Subscription):
    def __init__(self, broker: Broker, trigger: Trigger) -> None:
        eventing = broker._eventing
        self._broker = broker
        self._trigger = trigger
        self.queue = trigger.queue(eventing.broker)
        self._queues = [self.queue]
        self._names = [f"{trigger.name}-dispatcher"]
        if trigger.has_dlq:
            self._queues.append(trigger.dlq)
            self._names.append(f"{trigger.name}-dlx-dispatcher")
        if eventing.broker.has_dlq:
            self._queues.append(eventing.broker.dlq)

    def start(self) -> None:
        self._broker.start(set(self._names), self._queues)

    def stop(self) -> None:
        self._broker.stop(self._names)

    def close(self) -> None:
        self.stop()
        self._broker.unsubscribe(self._trigger.name)


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    return subprocess.Popen(program.command, env=program.env | {"PATH": os.environ["PATH"]})


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
