"""The connections that the NetworkPolicies allow: exactly these, for egress and ingress."""

from ipaddress import ip_network

import pytest

from functions.webhook.targets import PORTS, is_public
from tests.manifests.pods import pods_of
from tests.manifests.policies import OURS, Peer, Policies
from tests.manifests.rendering import of_kind, rendered
from tests.support import operators_pods

BY_OPERATORS = {
    name.removeprefix(f"{OURS}/"): Peer(OURS, labels)
    for name, labels in operators_pods.recorded().items()
    if name.startswith(f"{OURS}/")
}
DISPATCHERS = {name for name in BY_OPERATORS if name.endswith("-dispatcher")}
FUNCTIONS = ("auth", "convert", "deadletter", "download", "notify", "sweep", "upload", "webhook")
ELSEWHERE = {
    "kourier": Peer("kourier-system"),
    "activator": Peer("knative-serving"),
    "rabbitmq operators": Peer("rabbitmq-system"),
    "dns": Peer("kube-system"),
    "stranger": Peer("default", {"app.kubernetes.io/name": "convert", "serving.knative.dev/service": "convert"}),
    "outside": Peer(address="5.6.7.8"),
    "outside, IPv6": Peer(address="2606:2800::1"),
    "IPv6 within the cluster": Peer(address="fd00::1"),
    "cloud's metadata": Peer(address="169.254.169.254"),
    "private network": Peer(address="10.1.2.3"),
}
TARGETS = {
    "mongodb": ("mongodb", 27017),
    "mysql": ("mysql", 3306),
    "rabbitmq": ("rabbitmq-server-0", 5672),
    "rabbitmq management": ("rabbitmq-server-0", 15672),
    "smtp": ("mail", 1025),
    "mails' page": ("mail", 8025),
    "broker ingress": ("default-broker-ingress", 8080),
    "gateway": ("gateway", 8080),
    "kourier": ("kourier", 8081),
    "cluster's API": ("dns", 443),
    "stranger": ("stranger", 8080),
    "outside": ("outside", 443),
    "outside, port 80": ("outside", 80),
    "outside, IPv6": ("outside, IPv6", 443),
    "IPv6 within the cluster": ("IPv6 within the cluster", 443),
    "cloud's metadata": ("cloud's metadata", 80),
    "cloud's metadata by TLS": ("cloud's metadata", 443),
    "private network": ("private network", 3306),
    "private network by TLS": ("private network", 443),
}
TARGETS |= {name: (name, 8080) for name in DISPATCHERS}
TARGETS |= {f"{name} {port}": (name, port) for name in FUNCTIONS for port in (8012, 8080)}

# The targets that each of the product's pods calls.
CALLS = {
    "auth": {"mysql", "kourier", "broker ingress"},
    "upload": {"mongodb", "mysql", "broker ingress"},
    "convert": {"mongodb", "broker ingress"},
    "notify": {"mongodb", "mysql", "smtp"},
    "download": {"mongodb", "mysql"},
    "sweep": {"mongodb", "mysql", "broker ingress"},
    "webhook": {"mongodb", "mysql", "outside", "outside, IPv6"},
    "deadletter": {"mongodb"},
    "gateway": {"kourier"},
    "default-broker-ingress": {"rabbitmq"},
    "rabbitmq-server-0": {"rabbitmq", "rabbitmq management"},
    "mongodb": set(),
    "mysql": set(),
    "mail": set(),
    "mongodb-setup": {"mongodb"},
    "mysql-setup": {"mysql"},
    "replay": {"mongodb"},
} | {name: {"rabbitmq", "broker ingress", "kourier"} for name in DISPATCHERS}
# The other pods of the cluster that call them.
CALLED = {"rabbitmq management": {"rabbitmq operators"}} | {
    f"{name} 8012": {"kourier", "activator"} for name in FUNCTIONS
}
# By port, the pods that may connect to addresses outside of the cluster when the stores are there.
MONGODB_CLIENTS = {name for name, called in CALLS.items() if "mongodb" in called}
BROKER_PODS = {"default-broker-ingress", *DISPATCHERS}
LEAVE = {
    27017: MONGODB_CLIENTS,
    3306: {"auth", "upload", "download", "notify", "sweep", "webhook", "mysql-setup"},
    443: {"webhook"},
    8443: {"webhook"},
    5671: BROKER_PODS,
    5672: BROKER_PODS,
} | {port: {"notify"} for port in (25, 465, 587)}


Peers = dict[str, Peer]


@pytest.fixture(scope="session")
def product() -> Peers:
    """The product's pods with their labels."""
    return BY_OPERATORS | {pod.name: Peer(OURS, pod.labels) for pod in pods_of(rendered("minikube"))}


@pytest.fixture(scope="session")
def peers(product: Peers) -> Peers:
    """The product's pods and all other pods."""
    return product | ELSEWHERE


def policies(overlay: str) -> Policies:
    return Policies(of_kind(rendered(overlay), "NetworkPolicy"))


def test_every_pod_has_a_row(product: Peers) -> None:
    """The table has every pod."""
    assert CALLS.keys() == product.keys()


@pytest.mark.parametrize("caller", CALLS)
def test_egress_of_a_pod_is_exactly_its_row(caller: str, peers: Peers) -> None:
    """The egress rules allow exactly the row, whatever the targets' ingress rules are."""
    rules = policies("minikube")
    reached = {name for name, (target, port) in TARGETS.items() if rules.leaves(peers[caller], peers[target], port)}
    assert reached == CALLS[caller]


@pytest.mark.parametrize("called", [name for name, (target, _) in TARGETS.items() if target not in ELSEWHERE])
def test_ingress_of_a_pod_is_exactly_its_callers(called: str, peers: Peers) -> None:
    """The ingress rules allow exactly the callers, whatever their egress rules are. The gateway is open to all."""
    rules, (target, port) = policies("minikube"), TARGETS[called]
    heard = {name for name, peer in peers.items() if rules.enters(peer, peers[target], port)}
    welcome = {name for name, targets in CALLS.items() if called in targets} | CALLED.get(called, set())
    assert heard == (set(peers) if called == "gateway" else welcome)


@pytest.mark.parametrize("caller", CALLS)
def test_every_pod_may_query_dns(caller: str, peers: Peers) -> None:
    """The egress rules allow the DNS servers on port 53 only, by UDP and TCP."""
    rules = policies("minikube")
    ports = [(53, "UDP"), (53, "TCP"), (6443, "TCP")]
    assert [rules.leaves(peers[caller], peers["dns"], *port) for port in ports] == [True, True, False]


def test_with_stores_elsewhere_only_their_clients_leave_the_cluster(product: Peers, peers: Peers) -> None:
    """Each by its store's ports alone, and to public addresses. The gateway may call only the functions' routes."""
    rules = policies("managed")
    egress = [rule for policy in rules.policies for rule in policy["spec"].get("egress", [])]
    ports = {port["port"] for rule in egress for port in rule.get("ports", [])}
    leave = {
        port: {name for name, peer in product.items() if rules.leaves(peer, peers["outside"], port)}
        for port in {443} | ports
    }
    assert {port: names for port, names in leave.items() if names} == LEAVE
    for port in ports:
        for address in ("169.254.169.254", "10.1.2.3", "172.16.0.1", "192.168.0.1", "100.64.0.1"):
            peer = Peer(address=address)
            assert not any(rules.leaves(each, peer, port) for each in product.values()), (address, port)
    gateway = {name for name, (target, port) in TARGETS.items() if rules.leaves(peers["gateway"], peers[target], port)}
    assert gateway == CALLS["gateway"]


def test_webhook_may_call_exactly_the_addresses_that_its_code_allows(product: Peers) -> None:
    """At each end of each excepted range, and beside it."""
    rules = policies("minikube")
    (policy,) = [policy for policy in rules.policies if policy["metadata"]["name"] == "to-webhooks"]
    blocks = [target["ipBlock"] for rule in policy["spec"]["egress"] for target in rule["to"]]
    for network in (ip_network(cidr) for block in blocks for cidr in (block["cidr"], *block["except"])):
        first, last = network[0], network[-1]
        beside = [
            edge + step for edge, step in ((first, -1), (last, 1)) if 0 <= int(edge) + step < 1 << edge.max_prefixlen
        ]
        for address in (first, last, *beside):
            for port in PORTS:
                allowed = rules.leaves(product["webhook"], Peer(address=str(address)), port)
                assert allowed == is_public(address), address


@pytest.mark.parametrize("overlay", ["managed", "minikube"])
def test_unknown_pod_has_no_connections(overlay: str, peers: Peers) -> None:
    """All traffic is denied by default: a new pod needs its own policies, for egress and ingress."""
    rules, new = policies(overlay), Peer(OURS, {"app.kubernetes.io/name": "new"})
    assert [name for name, (target, port) in TARGETS.items() if rules.leaves(new, peers[target], port)] == []
    assert [name for name, peer in peers.items() if rules.enters(peer, new, 8080)] == []
