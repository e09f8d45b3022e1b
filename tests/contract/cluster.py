"""A cluster's broker for the contract suite, in a new namespace of the kubeconfig's cluster.

The cluster has Knative Eventing, its RabbitMQ broker and the RabbitMQ operators. This machine reaches its pods by their
own addresses, as a node does.
"""

import json
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.contract import broker
from tests.contract.amqp import Amqp
from tests.contract.broker import Manifest
from tests.contract.events import event
from tests.support.waiting import eventually

VERSIONS = Path(__file__).parents[2] / "infra/versions/versions.env"
SECONDS = 100


class Namespace:
    """A scratch namespace, as kubectl sees it."""

    def __init__(self) -> None:
        self.name = f"contract-{uuid4().hex[:8]}"

    def apply(self, kind: str, name: str, spec: Manifest, **metadata: dict[str, str]) -> None:
        version = {"RabbitmqCluster": "rabbitmq.com/v1beta1", "RabbitmqBrokerConfig": "eventing.knative.dev/v1alpha1"}
        manifest = {
            "apiVersion": version.get(kind, "eventing.knative.dev/v1"),
            "kind": kind,
            "metadata": {"name": name} | metadata,
            "spec": spec,
        }
        self.kubectl("apply", "-f", "-", said=json.dumps(manifest))

    def get(self, *what: str) -> Any:
        return json.loads(self.kubectl("get", *what, "-o", "json"))

    def wait(self, condition: str, what: str) -> None:
        self.kubectl("wait", f"--for=condition={condition}", what, f"--timeout={SECONDS}s")

    def environment(self, deployment: str) -> dict[str, str]:
        """Return the environment that the controller sets for a program."""
        container = self.get("deployment", deployment)["spec"]["template"]["spec"]["containers"][0]
        return {it["name"]: it.get("value", "") for it in container["env"]}

    def kubectl(self, *arguments: str, said: str = "") -> str:
        command = ["kubectl", "--namespace", self.name, *arguments]
        done = subprocess.run(command, input=said, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout


class Cluster(broker.Platform):
    """A RabbitMQ for the suite; `host` is the address at which pods reach this machine."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._namespace = Namespace()
        self._namespace.kubectl("create", "namespace", self._namespace.name)
        self._namespace.apply("RabbitmqCluster", "rabbitmq", _rabbitmq())
        reference = {"name": "rabbitmq", "namespace": self._namespace.name}
        config = {"rabbitmqClusterReference": reference, "queueType": "quorum"}
        self._namespace.apply("RabbitmqBrokerConfig", "default", config)
        self._namespace.wait("AllReplicasReady", "rabbitmqcluster/rabbitmq")
        secret = self._namespace.get("secret", "rabbitmq-default-user")["data"]
        login = ":".join(b64decode(secret[it]).decode() for it in ("username", "password"))
        address = self._namespace.get("pod", "rabbitmq-server-0")["status"]["podIP"]
        self.amqp_url = f"amqp://{login}@{address}:5672/"

    def broker(self, delivery: Manifest) -> "Broker":
        return Broker(self._namespace, self.amqp_url, delivery)

    def restart_rabbitmq(self) -> None:
        """Stop its process; the kubelet starts it again, with the same data and address."""
        control = ["exec", "rabbitmq-server-0", "--container", "rabbitmq", "--", "rabbitmqctl"]
        self._namespace.kubectl(*control, "stop")
        self._namespace.wait("Ready=false", "pod/rabbitmq-server-0")
        self._namespace.wait("Ready", "pod/rabbitmq-server-0")

    def close(self) -> None:
        # First the objects that RabbitMQ's operator has to remove from RabbitMQ.
        self._namespace.kubectl("delete", "triggers,brokers", "--all", "--cascade=foreground")
        self._namespace.kubectl("delete", "rabbitmqcluster", "--all")
        self._namespace.kubectl("delete", "namespace", self._namespace.name)


class Broker(broker.Broker):
    def __init__(self, namespace: Namespace, amqp_url: str, delivery: Manifest) -> None:
        self.namespace = namespace
        self.amqp_url = amqp_url
        self._name = f"broker-{uuid4().hex[:8]}"
        config = {"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "RabbitmqBrokerConfig", "name": "default"}
        spec = {"config": config | {"namespace": namespace.name}, "delivery": delivery}
        annotations = {
            "eventing.knative.dev/broker.class": "RabbitMQBroker",
            # With its default limit of 400 MiB the ingress is killed by a body that RabbitMQ would refuse.
            "rabbitmq.eventing.knative.dev/memory-request": "32Mi",
            "rabbitmq.eventing.knative.dev/memory-limit": "1Gi",
        }
        namespace.apply("Broker", self._name, spec, annotations=annotations)
        namespace.wait("Ready", f"broker/{self._name}")
        self.exchange = namespace.environment(f"{self._name}-broker-ingress")["EXCHANGE_NAME"]
        labels = f"eventing.knative.dev/broker={self._name},eventing.knative.dev/brokerRole=ingress"
        self._ingress = namespace.get("pods", "--selector", labels)["items"][0]
        self.url = f"http://{self._ingress['status']['podIP']}:8080/"
        # No Trigger receives this event.
        eventually(lambda: self.post_status(event()) == 202, 30, "the ingress publishes")

    def subscribe(self, trigger: Manifest) -> "Subscription":
        name = trigger["metadata"]["name"]
        spec = trigger["spec"] | {"broker": self._name}
        self.namespace.apply("Trigger", name, spec, annotations=trigger["metadata"]["annotations"])
        self.namespace.wait("Ready", f"trigger/{name}")
        programs = [f"{name}-dispatcher"]
        if trigger["spec"].get("delivery", {}).get("deadLetterSink"):
            programs.append(f"{name}-dlx-dispatcher")
        subscription = Subscription(self, name, programs)
        subscription.start()
        return subscription

    def terminate_ingress(self) -> None:
        self.namespace.kubectl("delete", "pod", self._ingress["metadata"]["name"], "--wait=false")

    def close(self) -> None:
        self.namespace.kubectl("delete", "broker", self._name, "--wait=false")


class Subscription(broker.Subscription):
    def __init__(self, broker: Broker, name: str, programs: list[str]) -> None:
        self._broker = broker
        self._name = name
        self._programs = programs
        self._queues = [broker.namespace.environment(program)["QUEUE_NAME"] for program in programs]
        self.queue = self._queues[0]

    def start(self) -> None:
        """Wait until the dispatchers that the controller started consume."""
        amqp = Amqp(self._broker.amqp_url)
        try:
            eventually(lambda: all(amqp.consumers(it) for it in self._queues), SECONDS, "the dispatchers consume")
        finally:
            amqp.close()

    def stop(self) -> None:
        pods = self._broker.namespace.get("pods")["items"]
        names = [pod["metadata"]["name"] for pod in pods]
        mine = [name for name in names if name.rsplit("-", 2)[0] in self._programs]
        self._broker.namespace.kubectl("delete", "pod", *mine)

    def close(self) -> None:
        self._broker.namespace.kubectl("delete", "trigger", self._name, "--wait=false")


def _rabbitmq() -> Manifest:
    lines = [line.partition("=") for line in VERSIONS.read_text().splitlines()]
    tag = next(value for name, _, value in lines if name == "RABBITMQ")
    return {
        "replicas": 1,
        "image": f"rabbitmq:{tag}",
        "persistence": {"storage": "0"},  # its data are stored in the pod, and outlive the process
        "resources": {"requests": {"cpu": "50m", "memory": "512Mi"}, "limits": {"cpu": "2", "memory": "2Gi"}},
    }
