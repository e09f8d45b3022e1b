"""A copy of the files that the scripts of the supply chain read and write, and stand-ins for what they ask outside."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.supply.outside import Registry, Releases

ROOT = Path(__file__).parents[3]
COPIED = (
    "scripts",
    "infra/versions",
    "infra/images",
    "infra/platform",
    "functions/auth",
    "functions/sweep",
    "eventing",
)


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository's files, a home directory, and a folder of programs that come first in the PATH."""

    root: Path
    home: Path
    programs: Path

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the copy."""
        path = f"{self.programs}:{os.environ['PATH']}"
        env = {"PATH": path, "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            [self.root / script],
            cwd=self.root,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    def program(self, name: str, script: str) -> None:
        """Put a program into the PATH."""
        path = self.programs / name
        path.write_text(f"#!/usr/bin/env bash\n{script}")
        path.chmod(0o755)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path / "checkout", tmp_path / "home", tmp_path / "programs")
    for name in COPIED:
        shutil.copytree(ROOT / name, made.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", made.root)
    (made.root / "tests").mkdir()
    shutil.copy(ROOT / "tests/requirements.txt", made.root / "tests")
    subprocess.run(["git", "init", "-q", made.root], check=True)
    (made.root / ".local").mkdir()
    for name in ("venv", "bin"):
        (made.root / ".local" / name).symlink_to(ROOT / ".local" / name)
    made.home.mkdir()
    made.programs.mkdir()
    return made


@pytest.fixture
def urls(checkout: Checkout) -> list[str]:
    """The URLs of all release manifests."""
    checkout.program("print-urls", '. scripts/cluster/sources.sh && printf "%s\\n" "${releases[@]}"')
    return checkout.run(str(checkout.programs / "print-urls")).stdout.split()


@pytest.fixture
def registry(checkout: Checkout) -> Iterator[Registry]:
    registry = Registry(checkout.home)
    yield registry
    if registry.server.is_running():
        registry.server.stop()


@pytest.fixture
def releases(checkout: Checkout) -> Iterator[Releases]:
    releases = Releases(checkout.home)
    yield releases
    if releases.server.is_running():
        releases.server.stop()
