"""Which functions have a public Knative route: a client at such a route is not limited by the gateway."""

import os
import re
from pathlib import Path

import pytest

from scripts.local.services import services
from tests.manifests.rendering import REPOSITORY, Manifest, build, of_kind, rendered

README = REPOSITORY / "infra/overlays/managed/README.md"
CALLED_BY_PEOPLE = {"auth", "download", "upload"}


def public(manifests: list[Manifest]) -> set[str]:
    """Return the Knative Services without the label that keeps their route inside the cluster."""
    found = of_kind(manifests, "Service", "serving.knative.dev")
    assert {service["metadata"]["name"] for service in found} == services().keys()
    label = "networking.knative.dev/visibility"
    return {it["metadata"]["name"] for it in found if it["metadata"]["labels"].get(label) != "cluster-local"}


@pytest.mark.parametrize(("overlay", "expected"), [("managed", set()), ("minikube", CALLED_BY_PEOPLE)])
def test_overlay_has_exactly_these_public_routes(overlay: str, expected: set[str]) -> None:
    """With stores of one's own the gateway is the only public door; on Minikube people call the functions directly."""
    assert public(rendered(overlay)) == expected


def test_readme_shows_how_to_open_the_routes(tmp_path: Path) -> None:
    """Its overlay makes the three functions public, and no other."""
    blocks: list[str] = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    (example,) = [block for block in blocks if "visibility" in block]
    managed = os.path.relpath(README.parent, tmp_path)
    (tmp_path / "kustomization.yaml").write_text(example.replace("../managed", managed))
    assert public(build(tmp_path)) == CALLED_BY_PEOPLE
