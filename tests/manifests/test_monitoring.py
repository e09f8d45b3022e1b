"""The component `monitoring`, added to the overlay of a cluster that has all pods."""

from pathlib import Path

import pytest

from tests.manifests.policies import OURS, Peer, Policies
from tests.manifests.rendering import of_kind, rendered, with_component
from tests.support import operators_pods

BROKER = {name.removeprefix(f"{OURS}/"): labels for name, labels in operators_pods.recorded().items()}
METRICS = [
    (Peer(OURS, {"serving.knative.dev/service": "upload"}), 9091),
    (Peer(OURS, BROKER["default-broker-ingress"]), 9092),
    (Peer(OURS, BROKER["rabbitmq-server-0"]), 15692),
]
PROMETHEUS, STRANGER = Peer("monitoring"), Peer("default")


@pytest.fixture
def opened(tmp_path: Path) -> Policies:
    return Policies(of_kind(with_component("monitoring", "minikube", tmp_path), "NetworkPolicy"))


def test_metrics_are_open_for_the_monitoring_namespace_alone(opened: Policies) -> None:
    """And for nobody without the component."""
    closed = Policies(of_kind(rendered("minikube"), "NetworkPolicy"))
    for target, port in METRICS:
        assert opened.enters(PROMETHEUS, target, port)
        assert not opened.enters(STRANGER, target, port)
        assert not closed.enters(PROMETHEUS, target, port)


def test_monitoring_reaches_nothing_but_metrics(opened: Policies) -> None:
    """Neither requests of functions and broker nor RabbitMQ's other ports."""
    for target, _ in METRICS:
        for port in (5672, 8012, 8080, 9090, 15672):
            assert not opened.enters(PROMETHEUS, target, port)
