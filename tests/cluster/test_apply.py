"""The objects of `make deploy` can be applied again, by any tool and in any order."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.kubectl import kubectl

DEPLOYED = Path(".local/deploy")  # where `make deploy` writes its kustomization

pytestmark = pytest.mark.timeout(300)


def documents() -> list[dict[str, Any]]:
    """Return each object of the last `make deploy`."""
    if not DEPLOYED.is_dir():
        pytest.fail("This test applies what `make deploy` applied from this working copy: run it here first.")
    rendered = subprocess.run(["kubectl", "kustomize", DEPLOYED], capture_output=True, text=True, check=True).stdout
    return [document for document in yaml.safe_load_all(rendered) if document]


def manifest(objects: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": objects}


def states(objects: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return of each object its name, uid and spec, and of a function its latest revision.

    Generations would not do: those of Deployments also count annotations, which differ between the ways to apply.
    """
    found = json.loads(kubectl("get", "--output=json", "--filename=-", manifest=manifest(objects)))["items"]
    return [
        (
            it["kind"],
            it["metadata"]["name"],
            it["metadata"]["uid"],
            it.get("spec"),
            it.get("status", {}).get("latestCreatedRevisionName"),
        )
        for it in found
    ]


@pytest.mark.parametrize("options", [["--server-side", "--force-conflicts"], []], ids=["server-side", "client-side"])
def test_unchanged_apply_in_any_order_changes_nothing(options: list[str]) -> None:
    """No object is changed or replaced. The SinkBindings' K_SINK stays: without it there would be a new revision."""
    objects = documents()
    before = states(objects)
    kubectl("apply", *options, "--filename=-", manifest=manifest(random.Random(3).sample(objects, len(objects))))
    assert states(objects) == before
    assert len(before) == len(objects) > 50
