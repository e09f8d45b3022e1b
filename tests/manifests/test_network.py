"""Who may reach whom: exactly this, in both directions, and nothing besides."""

import pytest

from tests.manifests.pods import pods_of
from tests.manifests.policies import OURS, Peer, Policies
from tests.manifests.rendering import of_kind, rendered

BROKER = {"eventing.knative.dev/broker": "default"}  # what its operator labels its pods with
BY_OPERATORS = {
    "broker ingress": Peer(OURS, BROKER | {"eventing.knative.dev/brokerRole": "ingress"}),
    "dispatcher": Peer(OURS, BROKER | {"eventing.knative.dev/brokerRole": "dispatcher"}),
    "rabbitmq": Peer(OURS, {"app.kubernetes.io/name": "rabbitmq"}),
}
FUNCTIONS = ("auth", "convert", "deadletter", "download", "notify", "sweep", "upload")
ELSEWHERE = {
    "kourier": Peer("kourier-system"),
    "activator": Peer("knative-serving"),
    "rabbitmq operators": Peer("rabbitmq-system"),
    "dns": Peer("kube-system"),
    "stranger": Peer("default", {"app.kubernetes.io/name": "convert", "serving.knative.dev/service": "convert"}),
    "outside": Peer(),
}
TARGETS = {
    "mongodb": ("mongodb", 27017),
    "mysql": ("mysql", 3306),
    "rabbitmq": ("rabbitmq", 5672),
    "rabbitmq management": ("rabbitmq", 15672),
    "smtp": ("mail", 1025),
    "mails' page": ("mail", 8025),
    "broker ingress": ("broker ingress", 8080),
    "dispatcher": ("dispatcher", 8080),
    "gateway": ("gateway", 8080),
    "kourier": ("kourier", 8081),
    "cluster's API": ("dns", 443),
    "stranger": ("stranger", 8080),
    "outside": ("outside", 443),
} | {f"{name} {port}": (name, port) for name in FUNCTIONS for port in (8012, 8080)}

# Whom each of the product's pods calls.
CALLS = {
    "auth": {"mysql", "kourier"},
    "upload": {"mongodb", "broker ingress"},
    "convert": {"mongodb", "broker ingress"},
    "notify": {"mongodb", "smtp"},
    "download": {"mongodb"},
    "sweep": {"mongodb", "broker ingress"},
    "deadletter": {"mongodb"},
    "gateway": {"kourier"},
    "broker ingress": {"rabbitmq"},
    "dispatcher": {"rabbitmq", "broker ingress", "kourier"},
    "rabbitmq": {"rabbitmq", "rabbitmq management"},
    "mongodb": set(),
    "mysql": set(),
    "mail": set(),
    "mongodb-setup": {"mongodb"},
    "mysql-setup": {"mysql"},
    "replay": {"mongodb"},
}
# Who else of the cluster calls them.
CALLED = {"rabbitmq management": {"rabbitmq operators"}} | {
    f"{name} 8012": {"kourier", "activator"} for name in FUNCTIONS
}
# With the stores elsewhere, who may leave the cluster.
LEAVE = {
    "auth",
    "upload",
    "convert",
    "notify",
    "download",
    "sweep",
    "deadletter",
    "replay",
    "mongodb-setup",
    "mysql-setup",
    "broker ingress",
    "dispatcher",
}


Peers = dict[str, Peer]


@pytest.fixture(scope="session")
def product() -> Peers:
    """The product's pods with the labels that they have."""
    return BY_OPERATORS | {pod.name: Peer(OURS, pod.labels) for pod in pods_of(rendered("minikube"))}


@pytest.fixture(scope="session")
def peers(product: Peers) -> Peers:
    """Everybody."""
    return product | ELSEWHERE


def policies(overlay: str) -> Policies:
    return Policies(of_kind(rendered(overlay), "NetworkPolicy"))


def test_every_pod_has_a_row(product: Peers) -> None:
    """None is left out of the table."""
    assert CALLS.keys() == product.keys()


@pytest.mark.parametrize("caller", CALLS)
def test_a_pod_may_call_these_and_no_other(caller: str, peers: Peers) -> None:
    """What leaves a pod goes to those that its row names, whoever would listen."""
    rules = policies("minikube")
    reached = {name for name, (target, port) in TARGETS.items() if rules.leaves(peers[caller], peers[target], port)}
    assert reached == CALLS[caller]


@pytest.mark.parametrize("called", [name for name, (target, _) in TARGETS.items() if target not in ELSEWHERE])
def test_a_pod_hears_these_and_no_other(called: str, peers: Peers) -> None:
    """What comes in comes from those whose rows name it, whoever else would call; the gateway is open to all."""
    rules, (target, port) = policies("minikube"), TARGETS[called]
    heard = {name for name, peer in peers.items() if rules.enters(peer, peers[target], port)}
    welcome = {name for name, targets in CALLS.items() if called in targets} | CALLED.get(called, set())
    assert heard == (set(peers) if called == "gateway" else welcome)


@pytest.mark.parametrize("caller", CALLS)
def test_every_pod_may_ask_for_names(caller: str, peers: Peers) -> None:
    """DNS, and nothing else of the namespace that it is in."""
    rules = policies("minikube")
    ports = [(53, "UDP"), (53, "TCP"), (6443, "TCP")]
    assert [rules.leaves(peers[caller], peers["dns"], *port) for port in ports] == [True, True, False]


def test_with_stores_elsewhere_only_their_clients_leave_the_cluster(product: Peers, peers: Peers) -> None:
    """The gateway, which anybody reaches, may call the functions' routes alone there too."""
    rules = policies("managed")
    assert {name for name, peer in product.items() if rules.leaves(peer, peers["outside"], 443)} == LEAVE
    gateway = {name for name, (target, port) in TARGETS.items() if rules.leaves(peers["gateway"], peers[target], port)}
    assert gateway == CALLS["gateway"]


@pytest.mark.parametrize("overlay", ["managed", "minikube"])
def test_a_pod_that_nobody_knows_reaches_nothing(overlay: str, peers: Peers) -> None:
    """The default is no: a new pod has to be allowed what it needs, and is not heard."""
    rules, new = policies(overlay), Peer(OURS, {"app.kubernetes.io/name": "new"})
    assert [name for name, (target, port) in TARGETS.items() if rules.leaves(new, peers[target], port)] == []
    assert [name for name, peer in peers.items() if rules.enters(peer, new, 8080)] == []
