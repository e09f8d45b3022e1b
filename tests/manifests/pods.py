"""The pods that the manifests declare. RabbitMQ's and the broker's are created by their operators."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.manifests.rendering import Manifest

WORKLOADS = {"Deployment", "StatefulSet", "Job", "CronJob"}
KNATIVE = "serving.knative.dev/v1"


@dataclass(frozen=True)
class Pod:
    """`kind` is that of the object that creates it, `name` its `app.kubernetes.io/name`; `labels` as in the cluster."""

    kind: str
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Init containers included."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def serves(self) -> bool:
        return self.kind not in {"Job", "CronJob"}


def is_function(manifest: Manifest) -> bool:
    return (manifest["apiVersion"], manifest["kind"]) == (KNATIVE, "Service")


def pods_of(manifests: list[Manifest]) -> list[Pod]:
    return [_pod(manifest) for manifest in manifests if manifest["kind"] in WORKLOADS or is_function(manifest)]


def _pod(manifest: Manifest) -> Pod:
    spec = manifest["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if manifest["kind"] == "CronJob" else spec["template"]
    labels = {"serving.knative.dev/service": manifest["metadata"]["name"]} if is_function(manifest) else {}
    meta, name = template["metadata"], template["metadata"]["labels"]["app.kubernetes.io/name"]
    return Pod(manifest["kind"], name, labels | meta["labels"], meta.get("annotations", {}), template["spec"])
