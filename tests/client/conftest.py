"""The installed program, people who use it, and the network between them and the system."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.line import Line
from tests.client.user import User
from tests.support.person import Person
from tests.support.stacks import RunningStack

ROOT = Path(__file__).parents[2]
_addresses = iter(range(2, 255))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is installed in; what it needs is in the tests' environment."""
    built, folder = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("installed")
    python = [sys.executable, "-m"]
    subprocess.run([*python, "hatchling", "build", "-t", "wheel", "-d", str(built)], cwd=ROOT, check=True)
    install = ["pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([*python, *install, *map(str, built.iterdir())], check=True)
    return folder


@pytest.fixture
def line(stack: RunningStack) -> Iterator[Line]:
    line = Line(stack.url, f"127.0.1.{next(_addresses)}")
    yield line
    line.close()


@pytest.fixture
def stranger(stack: RunningStack, installed: Path, line: Line, tmp_path: Path) -> User:
    """Somebody with an account who has not logged in yet."""
    person = Person(stack.url, stack.mail)
    variables = {
        **os.environ,
        "PATH": f"{installed}/bin:{os.environ['PATH']}",
        "PYTHONPATH": str(installed),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    work = tmp_path / "work"
    work.mkdir()
    return User(person, line.url, work, variables)


@pytest.fixture
def user(stranger: User) -> User:
    """Somebody who is logged in."""
    stranger.run("login", "--url", stranger.url, "--email", stranger.person.address, given=stranger.person.password)
    return stranger
