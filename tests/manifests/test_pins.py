"""Recorded digests in the manifests, and what `make deploy` says of images without one."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from tests.manifests.rendering import OVERLAYS, REPOSITORY, build, command

IMAGES = {"NGINX": "nginx", "MONGODB": "mongo", "MYSQL": "mysql", "RABBITMQ": "rabbitmq", "MAILPIT": "axllent/mailpit"}
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
# A cluster that has everything, and that refuses the first change.
KUBECTL = """#!/usr/bin/env bash
case "$*" in
  kustomize*) shift; exec {kustomize} "$@" ;;
  "version --client") echo "Kustomize Version: v5.5.0" ;;
  "get crd -o name") printf 'customresourcedefinition.apiextensions.k8s.io/%s\n' \\
    services.serving.knative.dev brokers.eventing.knative.dev rabbitmqbrokerconfigs.eventing.knative.dev \\
    queues.rabbitmq.com rabbitmqclusters.rabbitmq.com ;;
  *storageclass*) echo true ;;
  *config-defaults*) echo 3600 ;;
  apply*) exit 1 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the files that a deployment reads."""
    for name in ("infra", "eventing", "scripts", "functions"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def pin(checkout: Path, names: Iterable[str]) -> None:
    """Record a digest for these images and none for the others, as `make pin` does."""
    file = checkout / "infra/versions/versions.env"
    unpinned = re.sub(r"@sha256:\w+", "", file.read_text())
    file.write_text(re.sub(rf"^((?:{'|'.join(names)})=.*)$", rf"\1@{DIGEST}", unpinned, flags=re.MULTILINE))
    images = [f"{IMAGES[name]}:{dict(re.findall(r'^(.+)=(.+)$', unpinned, re.MULTILINE))[name]}" for name in names]
    record = "".join(f"{DIGEST.removeprefix('sha256:')}  {image}\n" for image in images)
    (checkout / "infra/versions/recorded.sha256").write_text(f"# recorded\n{record}")


def images(overlay: Path) -> set[str]:
    """Return the third-party images of the overlay."""
    found = re.findall(r"image: (\S+)", yaml.safe_dump(build(overlay)))
    return {image for image in found if "/video2mp3/" not in image}


def deployed(checkout: Path) -> list[str]:
    """Return what `make deploy` writes to standard error until it changes the cluster."""
    programs = checkout / "programs"
    programs.mkdir()
    (programs / "kubectl").write_text(KUBECTL.format(kustomize=" ".join(command())))
    (programs / "kubectl").chmod(0o755)
    env = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "OVERLAY": "minikube"}
    script = checkout / "scripts/cluster/deploy.sh"
    return subprocess.run([script], env=env, capture_output=True, text=True, check=False).stderr.splitlines()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_recorded_digest_is_in_every_manifest(overlay: str, checkout: Path) -> None:
    pin(checkout, IMAGES)
    found = images(checkout / "infra/overlays" / overlay)
    assert found
    assert [image for image in found if not re.fullmatch(rf"[a-z/]+:v?\d[\w.-]+@{DIGEST}", image)] == []


def test_deploy_names_the_images_without_a_digest(checkout: Path) -> None:
    pin(checkout, IMAGES.keys() - {"NGINX", "RABBITMQ"})
    first, *names = deployed(checkout)
    assert first.startswith("Not pinned")
    assert [name.strip().partition(":")[0] for name in names] == ["nginx", "rabbitmq"]


def test_deploy_names_no_image_if_all_have_a_digest(checkout: Path) -> None:
    pin(checkout, IMAGES)
    assert deployed(checkout) == []


def test_deploy_names_an_image_whose_digest_is_recorded_for_another_tag(checkout: Path) -> None:
    """Somebody has changed the tag and left its digest, which wins."""
    pin(checkout, IMAGES)
    file = checkout / "infra/versions/versions.env"
    file.write_text(re.sub(r"^MYSQL=[^@]+", "MYSQL=99.9", file.read_text(), flags=re.MULTILINE))
    assert [name.strip() for name in deployed(checkout)[1:]] == [f"mysql:99.9@{DIGEST}"]
