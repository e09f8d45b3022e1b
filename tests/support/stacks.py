"""Handles of the servers that the fixtures of tests/conftest.py start."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import requests

from scripts.local.secrets import Secrets
from scripts.local.stack import Stack
from scripts.local.supervision import Process, Supervisor
from tests.support.processes import read
from tests.support.waiting import eventually

StartFunction = Callable[[str, Mapping[str, str]], str]
PING = "dev.knative.sources.ping"
NO_MYSQL = "mysql://somebody:unused@127.0.0.1:1/auth"  # for a function whose test needs none


@dataclass(frozen=True)
class Server:
    """One real server; `url` is its administrator's URL, credentials included."""

    name: str
    url: str
    supervisor: Supervisor
    secrets: Secrets

    def url_of(self, user: str) -> str:
        """Return the URL of a function's user, which has fewer privileges."""
        return self.secrets.read(f"{self.name}-{user}", "url")

    def restart(self) -> None:
        """Stop it, start it and return when it answers."""
        self.supervisor.restart(self.name)

    def stop(self) -> None:
        self.supervisor.stop([self.name])

    def start(self) -> None:
        """Start it after `stop`, and return when it answers."""
        self.supervisor.restart(self.name)

    def crash(self) -> None:
        """Kill it, start it, and return when it answers again."""
        os.kill(self._pid(), signal.SIGKILL)
        self.supervisor.wait_for(self.name)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Accept connections and answer nothing until the block ends."""
        pid = self._pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            eventually(lambda: _stopped(pid), 10, "the stop of each thread", every=0.01)
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def _pid(self) -> int:
        return next(process.pid for process in self.supervisor.processes() if process.name == self.name)


def _stopped(pid: int) -> bool:
    """Whether no thread of the process runs: the signal reaches them one after the other."""
    texts = filter(None, map(read, Path(f"/proc/{pid}/task").glob("*/stat")))
    return {text.rpartition(")")[2].split()[0] for text in texts} == {"T"}


@dataclass(frozen=True)
class Mailbox:
    """A mail server at `url` (smtp://…) whose mails are the `.eml` files of `folder`."""

    url: str
    folder: Path


class RunningStack:
    """The whole system.

    `url` is the gateway's address, `mail` the folder of the mails, `functions` each function's own address by its
    name, `secrets` the folder of secrets, `log` that of the processes' logs, `supervisor` runs them.
    """

    def __init__(self, stack: Stack) -> None:
        self.supervisor = stack.supervisor
        self.url, self.mail, self.functions = stack.url, stack.mail, stack.functions
        self.secrets, self.log = stack.secrets.folder, stack.supervisor.log

    def processes(self) -> list[Process]:
        """Return what `make ps` shows."""
        return self.supervisor.processes()

    def pids(self) -> dict[str, int]:
        return {process.name: process.pid for process in self.processes()}

    def restart(self, name: str) -> None:
        """Stop the process, start it and return when it answers."""
        self.supervisor.restart(name)

    def wait_for(self, name: str) -> None:
        """Return when the process answers at its address."""
        self.supervisor.wait_for(name)

    def wake_sweeper(self) -> None:
        """Send the sweeper a tick in addition to those of its PingSource."""
        event = {"ce-specversion": "1.0", "ce-id": str(uuid4()), "ce-source": "/tests", "ce-type": PING}
        requests.post(self.functions["sweep"], headers=event, timeout=60).raise_for_status()

    def killed(self, name: str) -> bool:
        """Kill a process; return False if it is just being started again."""
        try:
            self.kill(name)
        except psutil.NoSuchProcess:
            return False
        return True

    def kill(self, name: str) -> None:
        """Kill the process with all its children, as the end of a pod would; supervisord restarts it.

        Raises psutil.NoSuchProcess while it is down.
        """
        process = psutil.Process(self.pids()[name])
        for member in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                member.kill()

    @contextmanager
    def away(self, name: str) -> Iterator[None]:
        """Stop the process until the block ends, and return when it answers again."""
        self.supervisor.stop([name])
        try:
            yield
        finally:
            self.restart(name)
