from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import requests

from scripts.local.supervision import Supervisor
from tests.support.callers import Caller
from tests.support.processes import memory, peak_memory, worker

MIB = 1024**2
AT_ONCE = 4


def test_memory_does_not_grow_with_the_video(caller: Caller, supervisor: Supervisor) -> None:
    """Four concurrent uploads of 128 MiB take less than 64 MiB each."""
    process, block = worker(supervisor, caller.url), bytes(MIB)
    idle = memory(process)

    def video() -> Iterator[bytes]:
        for _ in range(128):
            yield block

    def send(_number: int) -> requests.Response:
        return caller.call("PUT", "/upload?name=large.mp4", data=video())

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(send, range(AT_ONCE)))
    assert [(answer.status_code, answer.json()["size"]) for answer in answers] == [(202, 128 * MIB)] * AT_ONCE
    assert peak_memory(process) - idle < AT_ONCE * 64 * MIB
