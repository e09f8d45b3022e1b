"""Starts, watches and stops programs through supervisord; programs are added to the running supervisord.

Each program is started by a generated shell script that sets its environment and then executes it. So no secret is on
a command line, the user's environment is not inherited, and the script can be run by hand. A program that exits is
always restarted: with `startsecs=0` no exit counts as a failed start, after which supervisord would stop trying.
"""

import contextlib
import fcntl
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy  # nosec B411  # the server is our own supervisord

from supervisor.xmlrpc import SupervisorTransport

from scripts.local.ports import answers
from scripts.local.program import Program
from scripts.local.waiting import StackError, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
BYTECODE = str(REPOSITORY / ".local/bytecode")  # not next to the sources: all generated files are under .local/
# The PATH of an unprivileged user on Debian does not contain the folders of the servers.
PATH = f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"

# The socket's path uses /proc, because the kernel limits it to 107 characters.
SUPERVISORD = """\
[supervisord]
nodaemon = true
silent = true
logfile = log/supervisord.log
pidfile = supervisord.pid

[unix_http_server]
file = /proc/self/cwd/supervisor.sock
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[include]
files = programs/*.conf
"""

PROGRAM = """\
[program:{name}]
command = /bin/sh {script}
directory = {repository}
umask = 077
autorestart = true
startsecs = 0
startretries = 1000000
stopasgroup = true
killasgroup = true
stopwaitsecs = 20
redirect_stderr = true
stdout_logfile = {log}
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 2
"""

# The kernel kills the program when supervisord dies, even by kill -9.
SCRIPT = """\
#!/bin/sh
{exports}
exec setpriv --pdeathsig KILL {command}
"""

# Every exit is followed by a restart, so this many starts mean that the program cannot run.
MAX_STARTS = 4


@dataclass(frozen=True)
class Process:
    """The state of a program: `uptime` in seconds, `pid` 0 while it is down."""

    name: str
    pid: int
    address: str
    uptime: int
    state: str


class Supervisor:
    """A supervisord and its programs in the folder `state`; `log/NAME.log` has a program's output."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.log = state / "log"
        self._programs = state / "programs"
        self._daemon: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Start supervisord without programs; raise `StackError` if one is already running in this folder."""
        for folder in (self.log, self._programs, self.state / "home"):
            folder.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        with (self.state / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AlreadyRunningError(self.state) from error
            for file in self._programs.iterdir():
                file.unlink()
            (self.state / "supervisord.conf").write_text(SUPERVISORD)
            # In its own session, so that Ctrl-C does not reach it before this process; the kernel stops it when this
            # process dies.
            command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "supervisor.supervisord"]
            self._daemon = subprocess.Popen(
                [*command, "-c", "supervisord.conf"],
                cwd=self.state,
                env={"PATH": PATH, "HOME": str(self.state / "home"), "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=[lock.fileno()],  # the folder stays locked while supervisord lives
            )
        wait_until(self.is_running, "supervisord answers", 20)

    def is_running(self) -> bool:
        try:
            return bool(self._call("getState"))
        except NotRunningError:
            return False

    def start(self, *programs: Program) -> None:
        """Start the programs in parallel and wait until each answers at its address."""
        for program in programs:
            self._add(program)
        for program in programs:
            self.wait_for(program.name)

    def _add(self, program: Program) -> None:
        script, log = self._programs / f"{program.name}.sh", self.log / f"{program.name}.log"
        home = self.state / "home" / program.name  # gunicorn creates a socket there, so each process needs its own
        home.mkdir(exist_ok=True)
        env = {"PATH": PATH, "HOME": str(home), "LANG": "C.UTF-8", "PYTHONPYCACHEPREFIX": BYTECODE, **program.env}
        exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in env.items())
        script.touch(mode=0o600)
        script.write_text(SCRIPT.format(exports=exports, command=shlex.join(program.command)))
        (self._programs / f"{program.name}.address").write_text(program.address)
        paths = {"script": shlex.quote(str(script)), "repository": str(REPOSITORY), "log": str(log)}
        conf = PROGRAM.format(name=program.name, **{key: path.replace("%", "%%") for key, path in paths.items()})
        (self._programs / f"{program.name}.conf").write_text(conf)
        self._call("reloadConfig")
        self._call("addProcessGroup", program.name)

    def wait_for(self, name: str) -> None:
        """Wait until the program answers; raise `StackError` with the end of its log if it does not."""
        address = self._address(name)
        starts = set()

        def is_ready() -> bool:
            process = self._call("getProcessInfo", name)
            starts.add(process["start"])
            if len(starts) >= MAX_STARTS:
                raise StackError(f"{name} exits as soon as it is started")
            return bool(process["statename"] == "RUNNING" and (not address or answers(address)))

        try:
            wait_until(is_ready, f"{name} answers at {address or 'nothing'}")
        except StackError as error:
            log = self.log / f"{name}.log"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise StackError(f"{error}\nThe end of {log}:\n{tail}") from error

    def processes(self) -> list[Process]:
        """Return every program, sorted by name; raise `NotRunningError` if supervisord is not running."""
        return [
            Process(
                name=info["name"],
                pid=info["pid"],
                address=self._address(info["name"]),
                uptime=info["now"] - info["start"] if info["pid"] else 0,
                state=info["statename"].lower(),
            )
            for info in self._call("getAllProcessInfo")
        ]

    def stop(self, names: Iterable[str]) -> None:
        """Stop these programs in parallel, and return when they have exited."""
        names = set(names)
        for name in names:
            with contextlib.suppress(Fault):  # it is not running
                self._call("stopProcess", name, False)  # noqa: FBT003  # XML-RPC has no keyword arguments
        wait_until(
            lambda: all(process.pid == 0 for process in self.processes() if process.name in names),
            f"{', '.join(sorted(names))} stop",
        )

    def restart(self, name: str) -> None:
        """Stop the program if it is running, start it and wait until it answers."""
        self.stop([name])
        self._call("startProcess", name, False)  # noqa: FBT003
        self.wait_for(name)

    def wait(self) -> None:
        """Return when supervisord has been ended by another process."""
        if self._daemon:
            self._daemon.wait()

    def close(self, last: Iterable[str] = ()) -> None:
        """Stop all programs, those in `last` after the others, then supervisord, if this object started it."""
        if self._daemon is None:
            return
        with contextlib.suppress(NotRunningError):
            self.stop({process.name for process in self.processes()} - set(last))
            self.stop(last)
            self._call("shutdown")
        self.wait()

    def _address(self, name: str) -> str:
        return (self._programs / f"{name}.address").read_text()

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            pid = (self.state / "supervisord.pid").read_text().strip()
            transport = SupervisorTransport(serverurl=f"unix:///proc/{pid}/cwd/supervisor.sock")
            with ServerProxy("http://supervisor", transport) as server:
                return getattr(server.supervisor, method)(*arguments)
        except (OSError, HTTPException) as error:
            raise NotRunningError(self.state) from error


class NotRunningError(StackError):
    def __init__(self, state: Path) -> None:
        super().__init__(f"No system is running in {state}.")


class AlreadyRunningError(StackError):
    def __init__(self, state: Path) -> None:
        super().__init__(f"The system is already running in {state}.")
