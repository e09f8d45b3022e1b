"""In a cluster the set-up programs start together with their stores, so they wait for the stores."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from scripts.local.supervision import REPOSITORY

if TYPE_CHECKING:
    from tests.support.stacks import Server


def set_up(store: str, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(REPOSITORY / f"infra/{store}/setup.py")]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(REPOSITORY), **env})


@pytest.mark.parametrize("store", ["mongodb", "mysql"])
def test_set_up_waits_for_its_store_and_ends_soon_after(store: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(store)
    folders = server.secrets.folder.glob(f"{store}-*/url")
    urls = {f"{file.parent.name.replace('-', '_').upper()}_URL": file.read_text() for file in folders}
    server.stop()
    try:
        with set_up(store, urls) as process:
            time.sleep(4)
            still_waits = process.poll() is None
            server.start()
            start = time.monotonic()
            ended = process.wait(30)
            took = time.monotonic() - start
    finally:
        server.start()
    assert (still_waits, ended) == (True, 0)
    assert took < 10
