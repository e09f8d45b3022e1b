"""Everything deployed is ready, and as restricted as the manifests declare."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from scripts.local.services import services
from tests.support.kubectl import FUNCTIONS, KubectlError, function_pods, get, is_true, items, kubectl, running, service
from tests.support.visitors import Visitor
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(600)

INTERNAL = ["convert", "notify", "sweep", "webhook", "deadletter"]
STORES = ["deployment/mail", "statefulset/mongodb", "statefulset/mysql", "statefulset/rabbitmq-server"]
LOOK = """
import json, os
found = {"token": os.path.exists("/var/run/secrets/kubernetes.io")}
try:
    open("/app/here", "w")
except OSError as error:
    found["write"] = os.strerror(error.errno)
print(json.dumps(found))
"""


def declared() -> Iterator[str]:
    """Yield each Knative object of the manifests as kubectl's `kind.version.group/name`."""
    eventing = (yaml.safe_load(path.read_text()) for path in sorted(Path("eventing").glob("*.yaml")))
    for resource in (*services().values(), *eventing):
        if resource["kind"] not in {"Kustomization", "RabbitmqBrokerConfig"}:  # these have no condition
            group, version = resource["apiVersion"].split("/")
            yield f"{resource['kind'].lower()}.{version}.{group}/{resource['metadata']['name']}"


@pytest.mark.parametrize("name", list(declared()))
def test_every_knative_object_of_the_manifests_is_ready(name: str) -> None:
    """Each function, broker, trigger, source, sink binding and event type exists and is Ready."""
    eventually(lambda: is_true(get(name), "Ready"), 180, name, every=1)


def test_rabbitmq_is_ready() -> None:
    """RabbitMQ's operator reports all nodes as ready."""
    eventually(lambda: is_true(get("rabbitmqcluster/rabbitmq"), "AllReplicasReady"), 180, "RabbitMQ", every=1)


@pytest.mark.parametrize("name", ["deployment/gateway", *STORES])
def test_gateway_and_stores_have_their_pods(name: str) -> None:
    """The gateway and each store have all their pods, at least one."""
    assert get(name)["spec"]["replicas"] > 0
    eventually(partial(complete, name), 180, name, every=1)


def test_every_workload_has_its_pods() -> None:
    """No Deployment or StatefulSet, the broker's included, lacks a pod."""
    everything = [*items("deployments"), *items("statefulsets")]
    assert any(found["metadata"]["name"] == "gateway" for found in everything)
    for found in everything:
        name = f"{found['kind']}/{found['metadata']['name']}"
        eventually(partial(complete, name), 120, name, every=1)


def complete(name: str) -> bool:
    """Whether the Deployment or StatefulSet has all its pods."""
    workload = get(name)
    return bool(workload["status"].get("readyReplicas", 0) == workload["spec"]["replicas"])


@pytest.mark.parametrize("name", ["mongodb-setup", "mysql-setup"])
def test_each_database_is_set_up(name: str) -> None:
    """Each set-up Job is complete; its name ends in a hash."""
    jobs = f"app.kubernetes.io/name={name}"
    eventually(lambda: {is_true(job, "Complete") for job in items("jobs", jobs)} == {True}, 180, name, every=1)


@pytest.mark.parametrize("function", INTERNAL)
def test_internal_function_is_not_reachable_from_outside(ingress: str, function: str) -> None:
    """Kourier's external listener serves auth and no internal function, whose only URL ends in `svc.cluster.local`."""
    outer = urlsplit(service("auth")["status"]["url"]).netloc
    inner = urlsplit(service(function)["status"]["url"]).netloc
    assert inner == f"{function}.video2mp3.svc.cluster.local"
    assert requests.get(f"{ingress}/auth/keys", headers={"Host": outer}, timeout=60).status_code == 200
    for host in (inner, outer.replace("auth", function, 1)):
        assert requests.post(ingress, headers={"Host": host}, timeout=60).status_code == 404


def test_only_the_broker_violates_the_restricted_profile(strange_namespace: str) -> None:
    """Where `restricted` is enforced, the API server accepts a pod of each workload and rejects a privileged pod."""
    refused = []
    for workload in [*items("deployments"), *items("statefulsets"), *items("jobs"), *items("cronjobs")]:
        spec = workload["spec"]
        template = spec.get("jobTemplate", {"spec": spec})["spec"]["template"]
        claims = [
            {"name": (claim := asked["metadata"]["name"]), "persistentVolumeClaim": {"claimName": claim}}
            for asked in spec.get("volumeClaimTemplates", [])
        ]
        pod = template["spec"] | {"volumes": [*template["spec"].get("volumes", []), *claims]}
        if "eventing.knative.dev/broker" not in template["metadata"].get("labels", {}):
            refused += refusals(workload["metadata"]["name"], pod, strange_namespace)
    assert refused == []
    privileged = {"containers": [{"name": "root", "image": "root", "securityContext": {"privileged": True}}]}
    assert "restricted" in refusals("root", privileged, strange_namespace)[0]


def refusals(name: str, spec: dict[str, Any], namespace: str) -> list[str]:
    """Return the API server's reasons to reject such a pod."""
    spec = {"restartPolicy": "Never"} | spec | {"serviceAccountName": "default"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    try:
        kubectl("create", "--dry-run=server", "--filename=-", manifest=pod, namespace=namespace)
    except KubectlError as error:
        return [str(error)]
    return []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_has_no_token_and_a_read_only_root(function: str) -> None:
    """A function's revision mounts no service account token, and each container's root file system is read-only."""
    revision = service(function)["status"]["latestReadyRevisionName"]
    (deployment,) = items("deployments", f"serving.knative.dev/revision={revision}")
    pod = deployment["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert [container["name"] for container in pod["containers"]] == ["function", "queue-proxy"]
    assert all(container["securityContext"]["readOnlyRootFilesystem"] for container in pod["containers"])


def test_running_function_finds_no_token_and_cannot_write(anna: Visitor, film_clip: Path) -> None:
    """The functions that one video starts have no token and a read-only root file system, checked in their pods."""
    anna.finished(job := anna.upload(film_clip), 120)
    eventually(partial(anna.mails_about, job), 120, "the mail")
    anna.call("GET", "/auth/session")  # auth has done nothing since the login
    for function in ("auth", "upload", "convert", "notify", "download"):
        pod = running(function_pods(function))[0]["metadata"]["name"]
        said = kubectl("exec", pod, "--container=function", "--", "python3.11", "-c", LOOK)
        assert json.loads(said) == {"token": False, "write": "Read-only file system"}, function
