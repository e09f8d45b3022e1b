"""The tests' access to the cluster, all of it by `kubectl` as the kubeconfig's user."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from tests.support.waiting import eventually

NAMESPACE = "video2mp3"
FUNCTIONS = ["auth", "convert", "deadletter", "download", "notify", "sweep", "upload", "webhook"]

Resource = dict[str, Any]


class KubectlError(Exception):
    """The error output of kubectl."""


def kubectl(*arguments: str, namespace: str = NAMESPACE, manifest: Resource | None = None) -> str:
    """Return its output; `manifest` is its standard input. Raise KubectlError if it fails or takes 5 minutes."""
    command = ["kubectl", f"--namespace={namespace}", *arguments]
    stdin = json.dumps(manifest) if manifest else None
    done = subprocess.run(command, check=False, capture_output=True, text=True, input=stdin, timeout=300)
    if done.returncode:
        raise KubectlError(f"{' '.join(command)[:300]}: {done.stderr}")
    return done.stdout


def get(*arguments: str) -> Resource:
    """Return an object, or the list of a kind, as `kubectl get` prints it."""
    return dict(json.loads(kubectl("get", "--output=json", *arguments)))


def items(kind: str, selector: str = "") -> list[Resource]:
    return list(get(kind, f"--selector={selector}")["items"])


def is_true(resource: Resource, condition: str) -> bool:
    """Whether the condition is true for the object's present generation."""
    status = resource.get("status", {})
    current = status.get("observedGeneration") in {None, resource["metadata"].get("generation")}
    return current and any(
        found["type"] == condition and found["status"] == "True" for found in status.get("conditions", [])
    )


def service(function: str) -> Resource:
    """Return the Knative Service."""
    return get("services.serving.knative.dev", function)


def function_pods(*functions: str) -> list[Resource]:
    """Return the pods of these functions, or of all, terminating ones included."""
    return items("pods", f"serving.knative.dev/service in ({','.join(functions or FUNCTIONS)})")


def running(pods: list[Resource]) -> list[Resource]:
    """Return the running pods that are not terminating."""
    return [pod for pod in pods if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]]


def nothing_under_way() -> bool:
    """Whether every queue is empty: each event is delivered, and those that its subscriber published too."""
    show = ["rabbitmqctl", "--silent", "--formatter", "json", "list_queues", "messages"]
    queues = json.loads(kubectl("exec", "rabbitmq-server-0", "--container=rabbitmq", "--", *show))
    return bool(queues) and all(queue["messages"] == 0 for queue in queues)


def run_python(script: str, *arguments: str, function: str, secrets: Mapping[str, str], namespace: str) -> str:
    """Run the script in a pod of its own and return its output; fail with its log unless it succeeds.

    The pod has the function's image, and its name, which NetworkPolicies select. `secrets` are its variables, as
    `name/key` of a Secret.
    """
    name = f"test-{uuid4().hex[:8]}"
    references = {variable: secret.split("/") for variable, secret in secrets.items()}
    container = {
        "name": "python",
        "image": service(function)["spec"]["template"]["spec"]["containers"][0]["image"],
        "command": ["python3.11", "-c", script, *arguments],
        "env": [
            {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
            for variable, (secret, key) in references.items()
        ],
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}},
        "securityContext": RESTRICTED,
    }
    pod: Resource = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": function}},
        "spec": {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container]},
    }
    kubectl("create", "--filename=-", manifest=pod, namespace=namespace)

    def end() -> str | None:
        phase = kubectl("get", "pod", name, "--output=jsonpath={.status.phase}", namespace=namespace)
        return phase if phase in {"Succeeded", "Failed"} else None

    try:
        phase = eventually(end, 180, f"the end of pod {name}", every=0.5)
        said = kubectl("logs", name, namespace=namespace)
    finally:
        kubectl("delete", "pod", name, "--wait=false", namespace=namespace)
    assert phase == "Succeeded", said
    return said


RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@contextmanager
def forwarded(target: str, namespace: str = NAMESPACE, port: int = 80) -> Iterator[str]:
    """Forward the target's port to this machine, and yield its URL."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"  # kubectl writes a line per connection, more than a pipe holds
        command = ["kubectl", f"--namespace={namespace}", "port-forward", target, f":{port}"]
        with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:

            def local() -> str | None:
                assert process.poll() is None, log.read_text()
                with suppress(IndexError):
                    return log.read_text().split("127.0.0.1:")[1].split()[0]
                return None

            try:
                yield f"http://127.0.0.1:{eventually(local, 30, f'a way to {target}')}"
            finally:
                process.terminate()
