"""How many hashes auth makes at once, as its memory tells: each takes 19 MiB."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.local.supervision import Supervisor
from tests.conftest import StartFunction
from tests.integration.auth.client import Client
from tests.integration.media.processes import memory, peak_memory, worker

HASH = 19 * 1024**2
CORES = len(os.sched_getaffinity(0))
AT_ONCE = 8 * CORES


def test_no_more_hashes_at_once_than_cores(
    settings: dict[str, str], start_function: StartFunction, supervisor: Supervisor
) -> None:
    """However many log in side by side, as many are hashed at a time as there are cores."""
    auth = Client(start_function("auth", settings | {"THREADS": str(AT_ONCE)}))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: auth.verify("no.to.ken"), range(AT_ONCE)))  # every thread has started
        process = worker(supervisor, auth.url)
        idle = memory(process)
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        answers = pool.map(lambda _: auth.login("nobody@example.com", "not the password"), range(4 * AT_ONCE))
        assert {answer.status_code for answer in answers} == {401}
    print("GREW", (peak_memory(process) - idle) / HASH)
    assert peak_memory(process) - idle < (CORES + 1) * HASH
