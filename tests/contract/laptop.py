"""The laptop's broker for the contract suite. Another broker needs the same four methods of `Broker`."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import yaml

from scripts.local.broker.manifests import Eventing, Trigger
from scripts.local.broker.programs import programs
from scripts.local.broker.topology import declare
from scripts.local.ports import free_port
from scripts.local.program import Program
from tests.contract.amqp import Amqp
from tests.contract.events import event

Manifest = dict[str, Any]


class Broker:
    """A Broker of its own namespace; `url` is its ingress, `exchange` where that publishes."""

    def __init__(self, folder: Path, amqp_url: str, delivery: Manifest | None) -> None:
        self._folder = folder
        self._amqp_url = amqp_url
        self._port = free_port()
        self._namespace = folder.name.replace("_", "-")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.url = f"http://127.0.0.1:{self._port}/"
        self._write("config", _config(self._namespace))
        self._write("broker", _broker(self._namespace, delivery))
        declare(folder, amqp_url)
        self._start()
        # A broker without Triggers: this event reaches nobody.
        until(lambda: self.post_status(event()) == 202, "the ingress publishes")

    @property
    def exchange(self) -> str:
        return self._eventing.broker.exchange

    def subscribe(self, trigger: Manifest) -> "Subscription":
        """Apply a Trigger, of which `namespace` and `broker` are filled in, and wait until it is served."""
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

    def post_status(self, request: tuple[dict[str, str], bytes]) -> int:
        headers, body = request
        try:
            return requests.post(self.url, data=body, headers=headers, timeout=30).status_code
        except requests.ConnectionError:
            return 0

    def close(self) -> None:
        self.stop(list(self._processes))

    def ingress_pid(self) -> int:
        return self._processes["default-broker-ingress"].pid

    def start(self, names: set[str], queues: list[str]) -> None:
        self._start()
        missing = names - set(self._processes)
        assert not missing, f"no such programs: {missing}"
        amqp = Amqp(self._amqp_url)
        try:
            until(lambda: all(amqp.consumers(queue) for queue in queues), "the dispatchers consume")
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


class Subscription:
    """A Trigger at work: its dispatcher, its dead-letter queue's where it has one of its own, the broker's."""

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


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so in {seconds} s: {what}"
        time.sleep(0.05)


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    return subprocess.Popen(program.command, env=program.env | {"PATH": os.environ["PATH"]})


def _config(namespace: str) -> Manifest:
    return {
        "apiVersion": "eventing.knative.dev/v1alpha1",
        "kind": "RabbitmqBrokerConfig",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {"queueType": "quorum"},
    }


def _broker(namespace: str, delivery: Manifest | None) -> Manifest:
    spec: Manifest = {"config": {"kind": "RabbitmqBrokerConfig", "name": "default", "namespace": namespace}}
    return {
        "apiVersion": "eventing.knative.dev/v1",
        "kind": "Broker",
        "metadata": {
            "name": "default",
            "namespace": namespace,
            "annotations": {"eventing.knative.dev/broker.class": "RabbitMQBroker"},
        },
        "spec": spec | ({} if delivery is None else {"delivery": delivery}),
    }
