"""The objects of `make deploy` can be applied again, by any tool and in any order."""

import random
import subprocess
from collections.abc import Iterator
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


def generations(objects: list[dict[str, Any]]) -> Iterator[str]:
    """Yield each object's name and generation, which counts the changes of its spec."""
    columns = "custom-columns=K:.kind,N:.metadata.name,U:.metadata.uid,G:.metadata.generation"
    for kind in sorted(
        {f"{it['kind'].lower()}.{it['apiVersion'].partition('/')[0]}" for it in objects if "/" in it["apiVersion"]}
    ):
        yield from kubectl("get", kind, f"--output={columns}", "--no-headers").splitlines()


@pytest.mark.parametrize(
    "server_side", [["--server-side", "--force-conflicts"], []], ids=["server-side", "client-side"]
)
def test_unchanged_apply_in_any_order_changes_nothing(server_side: list[str]) -> None:
    """No object is changed, replaced or added, not even for a moment: a SinkBinding's K_SINK stays in its function."""
    objects = documents()
    before = list(generations(objects))
    random.Random(3).shuffle(objects)
    kubectl("apply", *server_side, "--filename=-", manifest={"apiVersion": "v1", "kind": "List", "items": objects})
    assert list(generations(objects)) == before
