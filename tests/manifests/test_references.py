"""Every reference resolves, and no manifest contains a secret."""

import re
from collections.abc import Iterator
from typing import Any

from infra.mongodb.setup import RIGHTS
from tests.manifests.pods import is_function, pods_of
from tests.manifests.rendering import Manifest, names, of_kind

# The Secrets that `make deploy` or its user creates: name/key.
SECRETS = {f"mongodb-{user}/url" for user in ("admin", *RIGHTS)} | {
    "mongodb-admin/username",
    "mongodb-admin/password",
    "mysql-admin/password",
    "mysql-admin/url",
    "mysql-auth/url",
    "mysql-upload/url",
    "mysql-download/url",
    "mysql-notify/url",
    "mysql-sweep/url",
    "mysql-webhook/url",
    "gateway/password",
    "link-keys/keys",
    "jwt-private/key",
    "jwt-public/keys",
    "smtp/url",
}
ADDRESS = re.compile(r"http://([a-z]+)\.video2mp3\.svc\.cluster\.local")
PASSWORD_IN_URL = re.compile(
    r"://(?!USER:PASSWORD@)[^/\s:@]*:[^/\s@]+@"
)  # except in a program's message about the format
SECRET_NAMES = re.compile("PASSWORD|SECRET|TOKEN|PRIVATE|(MONGODB|MYSQL|SMTP|RABBIT).*URL", re.IGNORECASE)


def parts(value: Any) -> Iterator[Any]:
    """Yield the value and everything in it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inner:
        yield from parts(part)


def found(manifests: list[Manifest], field: str) -> Iterator[Any]:
    """Yield the values of all fields of this name."""
    return (part[field] for part in parts(manifests) if isinstance(part, dict) and field in part)


def test_every_object_reference_resolves(manifests: list[Manifest]) -> None:
    """Sinks, subscribers, subjects, dead-letter sink, the broker's configuration and the EventTypes' broker exist."""
    there = {(it["apiVersion"], it["kind"], it["metadata"]["name"]) for it in manifests}
    references = [
        (part["apiVersion"], part["kind"], part["name"])
        for manifest in manifests
        for part in parts(manifest)
        if isinstance(part, dict) and {"apiVersion", "kind", "name"} <= {*part}
    ]
    assert len(references) >= 15
    assert [reference for reference in references if reference not in there] == []


def test_every_namespace_reference_is_the_products(manifests: list[Manifest]) -> None:
    """No reference has another namespace, and no object depends on the kubeconfig's default namespace."""
    assert {it["metadata"].get("namespace") for it in manifests if it["kind"] != "Namespace"} == {"video2mp3"}
    assert {namespace for namespace in found(manifests, "namespace") if isinstance(namespace, str)} == {"video2mp3"}


def test_every_secret_reference_is_a_known_secret(manifests: list[Manifest]) -> None:
    """Every Secret is referenced by name and key; none is optional, and none is mounted whole."""
    references = list(found(manifests, "secretKeyRef"))
    assert {f"{it['name']}/{it['key']}" for it in references} <= SECRETS
    assert not any(it.get("optional") for it in references)
    assert [*found(manifests, "secretRef"), *found(manifests, "secretName"), *found(manifests, "envFrom")] == []


def test_no_manifest_contains_a_secret(manifests: list[Manifest]) -> None:
    """There is no Secret, no URL with a password, and no plain value of a variable that holds a secret."""
    assert of_kind(manifests, "Secret") == []
    assert [text for text in parts(manifests) if isinstance(text, str) and PASSWORD_IN_URL.search(text)] == []
    variables = [variable for env in found(manifests, "env") for variable in env]
    assert [it["name"] for it in variables if "value" in it and SECRET_NAMES.search(it["name"])] == []


def test_every_volume_exists_and_is_mounted(manifests: list[Manifest]) -> None:
    """Each mount names a volume, each volume is mounted, ConfigMaps and claims exist, and no ConfigMap is unused."""
    claimed = {it["metadata"]["name"]: {*names(templates(it))} for it in of_kind(manifests, "StatefulSet")}
    for pod in pods_of(manifests):
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
        mounts = {mount["name"] for container in pod.containers for mount in container.get("volumeMounts", [])}
        assert mounts == volumes | claimed.get(pod.name, set())
    assert {volume["name"] for volume in found(manifests, "configMap")} == names(of_kind(manifests, "ConfigMap"))
    claims = {claim["claimName"] for claim in found(manifests, "persistentVolumeClaim")}
    assert claims == names(of_kind(manifests, "PersistentVolumeClaim"))


def templates(stateful: Manifest) -> list[Manifest]:
    return list(stateful["spec"].get("volumeClaimTemplates", []))


def test_every_service_selects_one_pod_and_its_ports(manifests: list[Manifest]) -> None:
    """The selector matches one kind of pods, which have all ports; the StatefulSets' services exist."""
    services = of_kind(manifests, "Service", "v1")
    for service in services:
        asked = service["spec"]["selector"].items()
        (pod,) = [pod for pod in pods_of(manifests) if asked <= pod.labels.items()]
        ports = {port["name"] for container in pod.containers for port in container.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    assert {it["spec"]["serviceName"] for it in of_kind(manifests, "StatefulSet")} <= names(services)


def test_every_probe_names_a_port_of_its_container(manifests: list[Manifest]) -> None:
    """Probes in Knative Services have no port."""
    for pod in pods_of(manifests):
        for container in pod.containers:
            ports = {port["name"] for port in container.get("ports", [])}
            assert {way["port"] for way in parts(container) if isinstance(way, dict) and "port" in way} <= ports


def test_every_selector_finds_its_own_pods(manifests: list[Manifest]) -> None:
    """Deployments and StatefulSets select the pods that they create, and no others."""
    for kind in ("Deployment", "StatefulSet"):
        for workload in of_kind(manifests, kind):
            asked = workload["spec"]["selector"]["matchLabels"].items()
            assert [pod.name for pod in pods_of(manifests) if asked <= pod.labels.items()] == [names([workload]).pop()]


def test_every_address_is_a_functions_route(manifests: list[Manifest]) -> None:
    """Every function whose route is called exists."""
    called = {name for text in parts(manifests) if isinstance(text, str) for name in ADDRESS.findall(text)}
    assert called == {"auth", "download", "upload", "webhook"}
    assert called <= names([manifest for manifest in manifests if is_function(manifest)])
