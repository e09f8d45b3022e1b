"""The folders: one resource per file, all files listed and built; all versions in one file, and all used."""

import re
from pathlib import Path

import pytest
import yaml

from tests.manifests.rendering import OVERLAYS, REPOSITORY, VERSIONS, Manifest, of_kind, rendered

KUSTOMIZATIONS = sorted(
    file.parent for top in ("infra", "eventing") for file in (REPOSITORY / top).rglob("kustomization.yaml")
)
OPTIONAL = {REPOSITORY / "infra/monitoring", REPOSITORY / "infra/tls"}  # test_monitoring.py and test_tls.py build them


def listed(folder: Path) -> dict[str, list[Path]]:
    """Return what the folder's kustomization names, by field."""
    content = yaml.safe_load((folder / "kustomization.yaml").read_text())
    patches = [patch["path"] for patch in content.get("patches", []) if "path" in patch]
    fields = {
        "resources": content.get("resources", []),
        "components": content.get("components", []),
        "patches": patches,
    }
    return {field: [(folder / entry).resolve() for entry in entries] for field, entries in fields.items()}


def built(folder: Path) -> set[Path]:
    """Return the folders that are built with this one, and itself."""
    inner = [entry for field in ("resources", "components") for entry in listed(folder)[field] if entry.is_dir()]
    return {folder}.union(*(built(entry) for entry in inner))


@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=lambda folder: str(folder.relative_to(REPOSITORY)))
def test_every_file_is_listed_and_has_one_resource(folder: Path) -> None:
    """Every file in a folder is part of what the folder builds."""
    files = {file for file in folder.glob("*.yaml") if file.name != "kustomization.yaml"}
    entries = listed(folder)
    assert files == {entry for entry in (*entries["resources"], *entries["patches"]) if entry.is_file()}
    for file in files:
        assert len([document for document in yaml.safe_load_all(file.read_text()) if document]) == 1


def test_every_folder_is_built_by_an_overlay() -> None:
    """No folder is left out, except components that people add to their own overlays."""
    by_an_overlay = set().union(*(built(REPOSITORY / "infra/overlays" / name) for name in OVERLAYS))
    assert by_an_overlay == set(KUSTOMIZATIONS) - OPTIONAL


def test_every_version_is_used() -> None:
    """Each line of versions.env is read by a script or by the manifests."""
    users = [*(REPOSITORY / "scripts").rglob("*.sh"), REPOSITORY / "infra/versions/kustomization.yaml"]
    text = "\n".join(file.read_text() for file in users)
    assert [name for name in VERSIONS if not re.search(rf"(\$\{{?|data\.){name}\b", text)] == []


def test_every_image_has_its_version_of_the_versions_file() -> None:
    """Third-party images have the version of versions.env, the functions' images that of the product."""
    images = set(re.findall(r"image: (\S+)", yaml.safe_dump(rendered("minikube"))))
    stores = {
        "nginx": "NGINX",
        "mongo": "MONGODB",
        "mysql": "MYSQL",
        "rabbitmq": "RABBITMQ",
        "axllent/mailpit": "MAILPIT",
    }
    own = {f"dev.local/video2mp3/{main.parent.name}" for main in REPOSITORY.glob("functions/*/main.py")}
    own.add("dev.local/video2mp3/page")
    expected = stores | dict.fromkeys(own, "VIDEO2MP3")
    assert images == {f"{name}:{VERSIONS[key]}" for name, key in expected.items()}


def test_namespace_enforces_baseline_and_reports_violations_of_restricted(manifests: list[Manifest]) -> None:
    """Pods that violate baseline are rejected; violations of restricted are warned about and audited."""
    (namespace,) = of_kind(manifests, "Namespace")
    security = "pod-security.kubernetes.io"
    labels = namespace["metadata"]["labels"]
    assert labels[f"{security}/enforce"] == "baseline"
    assert {labels[f"{security}/{mode}"] for mode in ("warn", "audit")} == {"restricted"}


def test_all_traffic_is_denied_by_default(manifests: list[Manifest]) -> None:
    """One policy selects every pod and allows nothing, in or out."""
    (default,) = [it["spec"] for it in of_kind(manifests, "NetworkPolicy") if it["metadata"]["name"] == "default-deny"]
    assert default == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
