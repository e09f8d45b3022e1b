"""Stores elsewhere: who gets their CA, and what README.md says about both."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifests.pods import Pod, pods_of
from tests.manifests.rendering import REPOSITORY, Manifest, build, of_kind, rendered

README = (REPOSITORY / "infra/overlays/managed/README.md").read_text()
FILE = "/etc/store-ca/ca.crt"
STORES = re.compile("(mongodb|mysql)-")


def connects_to_a_store(pod: Pod) -> bool:
    references = [
        it.get("valueFrom", {}).get("secretKeyRef", {}) for one in pod.containers for it in one.get("env", [])
    ]
    return any(STORES.match(reference.get("name", "")) for reference in references)


def ca_files(pod: Pod) -> list[str]:
    """Return where the Secret `store-ca` is mounted, file by file, read-only and without being required."""
    volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
    mounts = [mount for one in pod.containers for mount in one.get("volumeMounts", []) if mount.get("readOnly")]
    return [
        f"{mount['mountPath']}/{item['path']}"
        for mount in mounts
        for source in volumes[mount["name"]].get("projected", {}).get("sources", [])
        if (secret := source["secret"])["name"] == "store-ca" and secret["optional"]
        for item in secret["items"]
    ]


def test_every_pod_that_connects_to_a_store_has_its_ca() -> None:
    """The functions, the set-up Jobs and the replay; no other pod. One Secret that need not exist, as one file."""
    pods = pods_of(rendered("managed"))
    assert {pod.name: ca_files(pod) for pod in pods} == {
        pod.name: [FILE] if connects_to_a_store(pod) else [] for pod in pods
    }
    assert sum(map(connects_to_a_store, pods)) == 11


def test_with_stores_in_the_cluster_there_is_no_ca() -> None:
    assert [pod.name for pod in pods_of(rendered("minikube")) if ca_files(pod)] == []


@pytest.mark.parametrize("option", ["tlsCAFile", "ssl-ca"])
def test_readme_names_the_file_in_each_url(option: str) -> None:
    assert set(re.findall(rf"{option}=(/[\w./-]+)", README)) == {FILE}


def test_readme_shows_how_to_narrow_a_policy(tmp_path: Path) -> None:
    """Its overlay lets MongoDB's clients out to one network and port, and to nothing else."""
    (example,) = [block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "NetworkPolicy" in block]
    overlay: dict[str, Any] = yaml.safe_load(example)
    assert overlay["resources"] == ["../managed"]
    overlay["resources"] = [os.path.relpath(REPOSITORY / "infra/overlays/managed", tmp_path)]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    manifests: list[Manifest] = build(tmp_path)
    (policy,) = [it for it in of_kind(manifests, "NetworkPolicy") if it["metadata"]["name"] == "to-mongodb"]
    assert policy["spec"]["egress"] == [
        {"to": [{"ipBlock": {"cidr": "10.20.0.0/24"}}], "ports": [{"protocol": "TCP", "port": 27018}]}
    ]
