"""Every pod follows every rule of `rules.py`, and every rule detects a pod that breaks it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.manifests import rules
from tests.manifests.pods import Pod, pods_of
from tests.manifests.rendering import REPOSITORY, Manifest, of_kind, rendered
from tests.manifests.rules import RULES

FUNCTIONS = {main.parent.name for main in REPOSITORY.glob("functions/*/main.py")}
EVERYWHERE = FUNCTIONS | {"gateway", "mongodb-setup", "mysql-setup", "replay"}
PODS = {"managed": EVERYWHERE, "minikube": EVERYWHERE | {"mail", "mongodb", "mysql"}}

Rule = Callable[[Pod], bool]


@pytest.mark.parametrize("overlay", PODS)
def test_every_pod_is_checked(overlay: str) -> None:
    """The workloads are exactly the expected ones."""
    assert {pod.name for pod in pods_of(rendered(overlay))} == PODS[overlay]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_pod_follows_the_rule(rule: Rule, manifests: list[Manifest]) -> None:
    """`rules.py` describes each rule."""
    assert [pod.name for pod in pods_of(manifests) if not rule(pod)] == []


def in_container(change: dict[str, Any]) -> dict[str, Any]:
    """Return the change of a pod that makes this change in its first container."""
    return {"containers": [change]}


def secured(change: dict[str, Any]) -> dict[str, Any]:
    return {"securityContext": change}


BREAKS: list[tuple[Rule, dict[str, Any]]] = [
    (rules.no_host_namespaces, {"hostNetwork": True}),
    (rules.no_host_namespaces, {"hostPID": True}),
    (rules.no_host_process, secured({"windowsOptions": {"hostProcess": True}})),
    (rules.not_privileged, in_container(secured({"privileged": True}))),
    (rules.no_capabilities, in_container(secured({"capabilities": {"drop": ["NET_RAW"]}}))),
    (rules.no_capabilities, in_container(secured({"capabilities": {"add": ["SYS_ADMIN"]}}))),
    (rules.no_capabilities, in_container(secured({"capabilities": {"add": ["NET_BIND_SERVICE"]}}))),
    (rules.harmless_volumes, {"volumes": [{"name": "node", "hostPath": {"path": "/"}}]}),
    (rules.no_host_ports, in_container({"ports": [{"containerPort": 27017, "hostPort": 27017}]})),
    (rules.no_host_probes, in_container({"readinessProbe": {"tcpSocket": {"host": "elsewhere"}}})),
    (rules.no_host_probes, in_container({"lifecycle": {"preStop": {"httpGet": {"host": "elsewhere"}}}})),
    (rules.apparmor_on, secured({"appArmorProfile": {"type": "Unconfined"}})),
    (rules.selinux_on, secured({"seLinuxOptions": {"type": "spc_t"}})),
    (rules.selinux_on, secured({"seLinuxOptions": {"role": "system_r"}})),
    (rules.proc_masked, in_container(secured({"procMount": "Unmasked"}))),
    (rules.seccomp_on, in_container(secured({"seccompProfile": {"type": "Unconfined"}}))),
    (rules.seccomp_on, secured({"seccompProfile": None})),
    (rules.safe_sysctls, secured({"sysctls": [{"name": "kernel.msgmax", "value": "1"}]})),
    (rules.no_privilege_escalation, in_container(secured({"allowPrivilegeEscalation": None}))),
    (rules.not_as_root, in_container(secured({"runAsNonRoot": False}))),
    (rules.not_as_root, secured({"runAsNonRoot": None})),
    (rules.numeric_user, in_container(secured({"runAsUser": 0}))),
    (rules.numeric_user, secured({"runAsUser": None})),
    (rules.high_user, in_container(secured({"runAsUser": 999}))),
    (rules.high_user, secured({"runAsUser": 9_999})),
    (rules.no_secret_for_other_programs, in_container({"env": [{"name": "X", "valueFrom": {"secretKeyRef": {}}}]})),
    (rules.read_only_root, in_container(secured({"readOnlyRootFilesystem": False}))),
    (rules.no_cluster_token, {"automountServiceAccountToken": None}),
    (rules.requests_and_limits, in_container({"resources": {"limits": {"memory": None}}})),
    (rules.requests_and_limits, in_container({"resources": {"requests": None}})),
    (rules.probed, in_container({"livenessProbe": None})),
    (rules.sized_scratch, {"volumes": [{"name": "tmp", "emptyDir": {}}]}),
    (rules.image_of_a_version, in_container({"image": "mongo"})),
    (rules.image_of_a_version, in_container({"image": "mongo:latest"})),
    (rules.image_of_a_version, in_container({"image": "dev.local/video2mp3/sweep"})),
]


def changed(old: Any, new: Any) -> Any:
    """Return `old` merged with `new`: dicts by key, where None removes a key; lists in their first item only."""
    if isinstance(old, list) and isinstance(new, list) and old and isinstance(old[0], dict) and "name" not in new[0]:
        return [changed(old[0], new[0]), *old[1:]]
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    merged = old | {key: changed(old.get(key), value) for key, value in new.items()}
    return {key: value for key, value in merged.items() if value is not None}


@pytest.mark.parametrize(("rule", "change"), BREAKS, ids=lambda it: getattr(it, "__name__", ""))
def test_pod_that_breaks_a_rule_is_detected(rule: Rule, change: dict[str, Any]) -> None:
    """The mail server's pod with one change breaks this rule and no other."""
    (mail,) = [pod for pod in pods_of(rendered("minikube")) if pod.name == "mail"]
    broken = replace(mail, spec=changed(mail.spec, change))
    assert [other for other in RULES if not other(broken)] == [rule]


def test_every_rule_is_broken_once() -> None:
    """Every rule is tested with a pod that breaks it."""
    assert {rule for rule, _ in BREAKS} == set(RULES)


def test_operators_pods_are_limited_too(manifests: list[Manifest]) -> None:
    """RabbitMQ's pods come from its operator; the manifests set their version and resources."""
    for cluster in of_kind(manifests, "RabbitmqCluster"):
        assert rules.IMAGE_WITH_VERSION.match(cluster["spec"]["image"])
        assert all({"cpu", "memory"} <= {*cluster["spec"]["resources"][part]} for part in ("requests", "limits"))
