"""A large upload, and how much memory its way takes."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection

import psutil
import requests

from tests.support.person import Person
from tests.support.processes import MIB, forget_peak, memory, peak_memory
from tests.support.stacks import RunningStack

ON_THE_WAY = ("gateway", "upload")


@dataclass
class Growth:
    """By how many MiB the processes on the way have grown at the most, by their names."""

    mebibytes: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def watched(self, stack: RunningStack) -> Iterator[None]:
        processes = {name: _process(stack.pids()[name]) for name in ON_THE_WAY}
        before = {name: memory(process) for name, process in processes.items()}
        for process in processes.values():
            forget_peak(process)
        yield
        for name, process in processes.items():
            self.mebibytes[name] = (peak_memory(process) - before[name]) / MIB


class Counted:
    """A body for `requests`, which announces the length that is given and sends in chunks without one."""

    def __init__(self, blocks: Iterator[bytes], length: int) -> None:
        self._blocks = blocks
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks


def put(person: Person, blocks: Iterator[bytes], length: int | None) -> requests.Response:
    """Upload the blocks, by an announced length or in chunks."""
    body = blocks if length is None else Counted(blocks, length)
    url = f"{person.gateway}/upload"
    return person.http.put(url, params={"name": "large.mp4"}, data=body, timeout=300)


def announce(person: Person, length: int) -> int:
    """Begin an upload of that length without a byte of it, and return the answer's status."""
    connection = HTTPConnection(person.gateway.removeprefix("http://"), timeout=60)
    with closing(connection):
        connection.putrequest("PUT", "/upload?name=large.mp4")
        connection.putheader("Authorization", str(person.http.headers["Authorization"]))
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        return connection.getresponse().status


def _process(pid: int) -> psutil.Process:
    """Return the process that does the work: gunicorn's worker, or the very one."""
    process = psutil.Process(pid)
    return next(iter(process.children()), process)
