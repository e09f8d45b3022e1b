import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.shared import mongo
from tests.integration.convert.converter import Converter
from tests.integration.convert.encoding import Encode, encoding
from tests.integration.convert.hearing import Listener
from tests.integration.convert.recordings import Recordings
from tests.support.clips import Clips
from tests.support.ingress import Ingress, listening
from tests.support.stacks import Server, StartFunction


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def encode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Encode:
    return encoding(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    return Recordings(tmp_path_factory.mktemp("recordings"))


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    return Listener(tmp_path)


@pytest.fixture(scope="session")
def broker() -> Iterator[Ingress]:
    with listening() as ingress:
        yield ingress


def _start(start_function: StartFunction, mongodb: Server, broker: Ingress, scratch: Path) -> Converter:
    env = {"MONGODB_URL": mongodb.url_of("convert"), "K_SINK": broker.url, "SCRATCH": str(scratch), "THREADS": "2"}
    env["LANDLOCK_REQUIRED"] = "true"
    return Converter(start_function("convert", env), scratch, mongo.database(mongodb.url))


@pytest.fixture(scope="session")
def converter(
    start_function: StartFunction, mongodb: Server, broker: Ingress, tmp_path_factory: pytest.TempPathFactory
) -> Converter:
    """Start convert as a separate process, with two threads as on the laptop."""
    return _start(start_function, mongodb, broker, tmp_path_factory.mktemp("scratch"))


@pytest.fixture(scope="session")
def small_disk(
    start_function: StartFunction, mongodb: Server, broker: Ingress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Converter]:
    """Start convert with a scratch folder on a disk of 4 MiB."""
    scratch = tmp_path_factory.mktemp("small-disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(scratch)], check=True)
    try:
        yield _start(start_function, mongodb, broker, scratch)
    finally:
        subprocess.run(["umount", "--lazy", str(scratch)], check=True)
