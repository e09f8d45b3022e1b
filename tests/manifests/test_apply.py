"""One `kubectl apply -k` of an overlay is enough, in any order and repeatedly, as far as manifests alone can show.

`tests/cluster` tests the rest in a cluster.
"""

import os
from pathlib import Path

import pytest

from tests.manifests.pods import pods_of
from tests.manifests.rendering import OVERLAYS, REPOSITORY, Manifest, build, names, of_kind, rendered

IMAGES = [
    f"dev.local/video2mp3/{name}"
    for name in ("page", *(main.parent.name for main in REPOSITORY.glob("functions/*/main.py")))
]


def with_tag(overlay: str, tag: str, folder: Path) -> list[Manifest]:
    """Return the overlay, rendered with another tag of the functions' images by a kustomization on top of it."""
    below = os.path.relpath(REPOSITORY / "infra/overlays" / overlay, folder)
    images = "".join(f"  - {{name: {name}, newName: registry.example/{name}, newTag: {tag}}}\n" for name in IMAGES)
    (folder / "kustomization.yaml").write_text(f"resources: [{below}]\nimages:\n{images}")
    return build(folder)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_another_image_tag_makes_other_jobs(overlay: str, tmp_path: Path) -> None:
    """A Job is immutable: with an unchanged name the apply of another tag would fail."""
    before, after = rendered(overlay), with_tag(overlay, "0.0.1", tmp_path)
    assert len(names(of_kind(after, "Job"))) == 2
    assert names(of_kind(after, "Job")).isdisjoint(names(of_kind(before, "Job")))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_another_image_tag_changes_no_other_name(overlay: str, tmp_path: Path) -> None:
    """No second gateway, claim or store is created."""
    before, after = rendered(overlay), with_tag(overlay, "0.0.1", tmp_path)
    kept = [[(it["kind"], it["metadata"]["name"]) for it in all_ if it["kind"] != "Job"] for all_ in (before, after)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_same_images_make_the_same_objects(overlay: str, tmp_path: Path) -> None:
    """Rendering twice without a change gives equal objects."""
    assert with_tag(overlay, "0.0.1", tmp_path) == with_tag(overlay, "0.0.1", tmp_path)


def test_no_annotation_of_kustomize_reaches_the_cluster(manifests: list[Manifest]) -> None:
    keys = [key for it in manifests for key in it["metadata"].get("annotations", {})]
    assert [key for key in keys if "config.kubernetes.io" in key] == []


def test_everything_except_the_namespace_is_in_the_namespace(manifests: list[Manifest]) -> None:
    """The Secrets need the namespace, so it exists before the apply; no other object has to."""
    assert [it["kind"] for it in manifests if "namespace" not in it["metadata"]] == ["Namespace"]


def test_no_pod_waits_for_another_in_an_init_container(manifests: list[Manifest]) -> None:
    """A pod in `Init` shows no reason. The gateway's init container renders its configuration, without a dependency."""
    assert {pod.name for pod in pods_of(manifests) if "initContainers" in pod.spec} == {"gateway"}
