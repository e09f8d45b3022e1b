"""scripts/cluster/secrets.sh with a kubectl that only records which Secrets are created."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.manifests.rendering import REPOSITORY

KUBECTL = """#!/bin/sh
for word; do
  case $word in --from-file=*) cp -r "${word#--from-file=}" "$CREATED" ;; esac
done
"""


@pytest.fixture
def created(tmp_path: Path) -> Path:
    """Return the folder of the Secrets that the script creates in an empty cluster: a folder each, with its keys."""
    kubectl, secrets = tmp_path / "bin/kubectl", tmp_path / "secrets"
    for folder in (kubectl.parent, secrets):
        folder.mkdir()
    kubectl.write_text(KUBECTL)
    kubectl.chmod(0o755)
    env = os.environ | {"PATH": f"{kubectl.parent}:{os.environ['PATH']}", "CREATED": str(secrets)}
    subprocess.run([REPOSITORY / "scripts/cluster/secrets.sh", "minikube"], env=env, check=True, cwd=REPOSITORY)
    return secrets


def test_generated_secret_has_no_line_break(created: Path) -> None:
    """Its value is a part of a URL or of a header; keys in PEM and JSON may have several lines."""
    values = {str(file.relative_to(created)): file.read_text() for file in created.glob("*/*")}
    assert len(values) > 10
    assert [name for name, value in values.items() if not name.startswith("jwt-") and "\n" in value] == []


def test_generated_passwords_differ(created: Path) -> None:
    """No two users share one."""
    passwords = [file.read_text() for file in created.glob("*/*") if file.name in {"url", "password"}]
    assert len(set(passwords)) == len(passwords)
