"""The labels of pods that operators make, which NetworkPolicies select, as recorded from a cluster.

The record is operators_pods.json; tests/cluster compares it with the pods of its cluster.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Labels = Mapping[str, str]

# Labels that differ from pod to pod.
OF_ONE_POD = {
    "apps.kubernetes.io/pod-index",
    "controller-revision-hash",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
}


def recorded() -> dict[str, Labels]:
    """Return the labels by `namespace/name`; a pod of a Deployment has the Deployment's name."""
    found: dict[str, Labels] = json.loads(Path(__file__).with_suffix(".json").read_text())
    return found


def listed(pods: Iterable[dict[str, Any]]) -> dict[str, Labels]:
    """Return the same of the pods that `kubectl get pods` lists."""
    found: dict[str, Labels] = {}
    for metadata in (pod["metadata"] for pod in pods):
        labels: dict[str, str] = metadata.get("labels", {})
        name = metadata["name"].split(f"-{labels.get('pod-template-hash', '')}-")[0]
        kept = {key: value for key, value in labels.items() if key not in OF_ONE_POD}
        found[f"{metadata['namespace']}/{name}"] = kept
    return found
