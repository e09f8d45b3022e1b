"""The manifests as a cluster gets them: each overlay built by kustomize, once a session."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]
OVERLAYS = sorted(folder.name for folder in (REPOSITORY / "infra/overlays").iterdir())
VERSIONS = dict(
    line.split("=", 1)
    for line in (REPOSITORY / "infra/versions/versions.env").read_text().splitlines()
    if line and not line.startswith("#")
)

Manifest = dict[str, Any]


@cache
def rendered(overlay: str) -> list[Manifest]:
    """Return every object of the overlay; raise RuntimeError with kustomize's message if it does not build."""
    return build(REPOSITORY / "infra/overlays" / overlay)


def with_component(component: str, overlay: str, folder: Path, **settings: str) -> list[Manifest]:
    """Return the overlay's objects with an optional component, and with these values in the overlay's settings.

    The overlay is copied into `folder`.
    """
    source = folder / "overlay"
    shutil.copytree(REPOSITORY / "infra/overlays" / overlay, source)
    kustomization = yaml.safe_load((source / "kustomization.yaml").read_text())
    for key in ("resources", "components"):
        moved = (entry.replace("../..", os.path.relpath(REPOSITORY / "infra", source)) for entry in kustomization[key])
        kustomization[key] = list(moved)
    kustomization["components"].append(os.path.relpath(REPOSITORY / "infra" / component, source))
    (source / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    data = yaml.safe_load((source / "settings.yaml").read_text())
    data["data"].update(settings)
    (source / "settings.yaml").write_text(yaml.safe_dump(data))
    return build(source)


def build(folder: Path) -> list[Manifest]:
    """Return every object of the kustomization in the folder; raise RuntimeError if it does not build."""
    done = subprocess.run([*command(), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        raise RuntimeError(f"{folder} does not build: {done.stderr}")
    return [manifest for manifest in yaml.load_all(done.stdout, yaml.CSafeLoader) if manifest]


def command() -> list[str]:
    """Return the command that builds the kustomization of the folder that follows."""
    built = REPOSITORY / ".local/bin/kustomize"  # if the set-up found no kubectl that is new enough
    return [str(built), "build"] if built.exists() else [shutil.which("kubectl") or "kubectl", "kustomize"]


def of_kind(manifests: list[Manifest], kind: str, api: str = "") -> list[Manifest]:
    """Return the objects of the kind, and of the API group `api` where two groups have a kind of that name."""
    return [it for it in manifests if it["kind"] == kind and it["apiVersion"].startswith(api)]


def names(manifests: list[Manifest]) -> set[str]:
    return {manifest["metadata"]["name"] for manifest in manifests}
