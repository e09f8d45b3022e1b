"""The program in this process, with folders of its own, and the service that it is logged in to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring

from scripts.client import cli, config, converting, retrying
from tests.unit.client.fake import TOKEN, FakeService


@dataclass(frozen=True)
class Ran:
    """`status` is the exit status."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is stored is stored in the test's folder, no keyring is used, and waits are short."""
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    monkeypatch.setattr(retrying, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(retrying, "TRANSFER", retrying.Patience(2, 2))
    monkeypatch.setattr(converting, "FIRST_POLL_SECONDS", 0.01)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the program with these arguments."""

    def run(*arguments: str) -> Ran:
        capfd.readouterr()
        status = cli.run(list(arguments))
        return Ran(status, *capfd.readouterr())

    return run


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A service, to which the program is logged in."""
    service = FakeService()
    config.save(config.Login(service.url, TOKEN, "me@example.com", "1" * 24))
    yield service
    service.web.close()


@pytest.fixture
def video() -> Path:
    """A video in the current folder."""
    path = Path("clip.mp4")
    path.write_bytes(b"film" * 100_000)
    return path
