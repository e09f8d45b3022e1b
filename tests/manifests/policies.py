"""Evaluates NetworkPolicies: may one pod connect to another? Features that are not used here raise ValueError."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from tests.manifests.rendering import Manifest

OURS = "video2mp3"


@dataclass(frozen=True)
class Peer:
    """Pods with the same labels, or an IPv4 address outside of the cluster."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = ""


@dataclass(frozen=True)
class Policies:
    """All policies of the product's namespace; other namespaces have none."""

    policies: list[Manifest]

    def leaves(self, source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
        """Whether the source's egress rules allow the target's port; the target's ingress rules do not matter."""
        return self._passes("Egress", source, target, port, protocol)

    def enters(self, source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
        """Whether the target's ingress rules allow the source on the port; the source's egress rules do not matter."""
        return self._passes("Ingress", target, source, port, protocol)

    def _passes(self, direction: str, pod: Peer, other: Peer, port: int, protocol: str) -> bool:
        mine = [
            policy["spec"]
            for policy in self.policies
            if pod.namespace == OURS
            and direction in policy["spec"]["policyTypes"]
            and _selects(policy["spec"]["podSelector"], pod.labels)
        ]
        end = {"Egress": "to", "Ingress": "from"}[direction]
        rules = [rule for spec in mine for rule in spec.get(direction.lower(), [])]
        return not mine or any(
            _has_port(rule.get("ports"), port, protocol) and _has_peer(rule.get(end), other) for rule in rules
        )


def _has_port(ports: Iterable[dict[str, Any]] | None, port: int, protocol: str) -> bool:
    return ports is None or {"port": port, "protocol": protocol} in ports


def _has_peer(peers: Iterable[dict[str, Any]] | None, other: Peer) -> bool:
    return peers is None or any(_is(peer, other) for peer in peers)


def _is(peer: dict[str, Any], other: Peer) -> bool:
    match peer:
        case {"ipBlock": {"cidr": cidr, "except": excepted, **rest}} if not rest:
            return bool(other.address) and _in(other.address, [cidr]) and not _in(other.address, excepted)
        case {"namespaceSelector": selector, **rest} if not rest:
            return bool(other.namespace) and _selects(selector, {"kubernetes.io/metadata.name": other.namespace})
        case {"podSelector": selector, **rest} if not rest:
            return other.namespace == OURS and _selects(selector, other.labels)
    raise ValueError(f"not understood: {peer}")


def _in(address: str, networks: Iterable[str]) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks)


def _selects(selector: dict[str, Any], labels: Mapping[str, str]) -> bool:
    asked = dict(selector)
    exactly, expressions = asked.pop("matchLabels", {}), asked.pop("matchExpressions", [])
    if asked:
        raise ValueError(f"not understood: {asked}")
    return exactly.items() <= labels.items() and all(_holds(expression, labels) for expression in expressions)


def _holds(expression: dict[str, Any], labels: Mapping[str, str]) -> bool:
    match expression:
        case {"key": key, "operator": "In", "values": values}:
            return labels.get(key) in values
        case {"key": key, "operator": "Exists"}:
            return key in labels
    raise ValueError(f"not understood: {expression}")
