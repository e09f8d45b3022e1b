"""The product has one version, that of pyproject.toml."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
VERSION = str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
TAG = "scripts/cluster/tag.sh"
CONTENT = [
    "functions/auth/main.py",
    "functions/auth/requirements.txt",
    "functions/shared/events.py",
    "infra/images/Dockerfile",
    "infra/mongodb/setup.py",
    "infra/mysql/setup.py",
    "infra/mysql/schema.sql",
    ".dockerignore",
]


def tag(folder: Path) -> str:
    return subprocess.run([folder / TAG], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository with all files that a tag depends on."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name in (TAG, "pyproject.toml", "functions/auth/README.md", *CONTENT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_api_document_has_the_version() -> None:
    assert json.loads((ROOT / "infra/gateway/openapi.json").read_text())["info"]["version"] == VERSION


def test_images_in_the_manifests_have_the_version() -> None:
    """`tests/manifests` tests how the manifests use the version."""
    lines = (ROOT / "infra/versions/versions.env").read_text().splitlines()
    assert f"VIDEO2MP3={VERSION}" in lines


def test_tag_is_the_version_and_a_hash() -> None:
    assert re.fullmatch(re.escape(VERSION) + "-[0-9a-f]{12}", tag(ROOT))


@pytest.mark.parametrize("name", CONTENT)
def test_other_content_has_another_tag(name: str, copy: Path) -> None:
    """The content includes the set-up programs: with another tag their Jobs have another name and run again."""
    before = tag(copy)
    with (copy / name).open("a") as file:
        file.write("# changed\n")
    assert tag(copy) != before


def test_readme_changes_no_tag(copy: Path) -> None:
    before = tag(copy)
    (copy / "functions/auth/README.md").write_text("Changed.\n")
    assert tag(copy) == before
