"""Real servers for the tests: each starts when the first test needs it, and stops with the session.

After they have stopped, their logs are searched for secrets of the tests and of the stores.
A session's folder is `.local/test/PID`; the next session removes those of sessions that are gone.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest

from scripts.local import functions, servers
from scripts.local.databases import prepare_mongodb, prepare_mysql
from scripts.local.ports import free_port
from scripts.local.program import Program
from scripts.local.secrets import Secrets
from scripts.local.servers import LOCAL
from scripts.local.stack import Stack
from scripts.local.supervision import Supervisor
from tests.support.secrecy import secrets_in
from tests.support.stacks import Mailbox, RunningStack, Server, StartFunction


@pytest.fixture(scope="session")
def state() -> Path:
    """The session's folder."""
    folder = LOCAL / "test"
    for old in folder.glob("*"):
        if not Path(f"/proc/{old.name}").exists():
            shutil.rmtree(old, ignore_errors=True)  # a session that starts at the same time removes it too
    mine = folder / str(os.getpid())
    mine.mkdir(parents=True)
    return mine


@pytest.fixture(scope="session")
def supervisor(state: Path) -> Iterator[Supervisor]:
    """Runs the single servers and functions."""
    supervisor = Supervisor(state / "single")
    supervisor.open()
    yield supervisor
    supervisor.close()
    assert secrets_in(supervisor.log, Secrets(supervisor.state / "secrets")) == []


@pytest.fixture(scope="session")
def secrets(supervisor: Supervisor) -> Secrets:
    """Secrets of the single servers; `jwt-private/key` and `jwt-public/keys` are there from the start."""
    secrets = Secrets(supervisor.state / "secrets")
    secrets.make_signing_keys()
    return secrets


@pytest.fixture(scope="session")
def mongodb(supervisor: Supervisor, secrets: Secrets) -> Server:
    """MongoDB with all indexes and users made."""
    program = servers.mongodb(supervisor.state / "mongodb", secrets)
    supervisor.start(program)
    prepare_mongodb(program.address, secrets)
    return Server("mongodb", secrets.read("mongodb-admin", "url"), supervisor, secrets)


@pytest.fixture(scope="session")
def mysql(supervisor: Supervisor, secrets: Secrets) -> Server:
    """MySQL with auth's tables and user made.

    The server is the `mysqld` of the path, or the command in the variable MYSQLD, quoted as for a shell.
    """
    command = shlex.split(os.environ.get("MYSQLD", ""))
    mysqld = servers.Mysqld.of_mysql(command) if command else None
    supervisor.start(servers.mysql(supervisor.state / "mysql", secrets, mysqld))
    prepare_mysql(secrets)
    return Server("mysql", secrets.read("mysql-admin", "url"), supervisor, secrets)


@pytest.fixture(scope="session")
def rabbitmq(supervisor: Supervisor, secrets: Secrets) -> Server:
    """RabbitMQ without any queue."""
    supervisor.start(*servers.rabbitmq(supervisor.state / "rabbitmq", secrets))
    return Server("rabbitmq", secrets.read("rabbitmq", "url"), supervisor, secrets)


@pytest.fixture(scope="session")
def mailbox(supervisor: Supervisor, secrets: Secrets) -> Mailbox:
    """A mail server that keeps each mail as a file."""
    folder = supervisor.state / "mail"
    supervisor.start(servers.mail(folder, secrets))
    return Mailbox(secrets.read("smtp", "url"), folder)


@pytest.fixture(scope="session")
def start_function(supervisor: Supervisor) -> StartFunction:
    """Start `functions/NAME` with an environment, `start_function(name, env)`, and return its URL once it answers.

    It runs to the session's end. FUNCTION_SOURCE, FUNCTION_TARGET, HOST and PORT are set unless `env` sets them.
    """
    numbers = count(1)

    def start(name: str, env: Mapping[str, str]) -> str:
        program = functions.program(name, env)
        supervisor.start(Program(f"{name}-{next(numbers)}", program.command, program.env, program.address))
        return program.address

    return start


@pytest.fixture(scope="session")
def stack(state: Path) -> Iterator[RunningStack]:
    """The whole system, its gateway on a free port."""
    stack = Stack(state / "stack", state / "stack/mail", free_port())
    stack.start(print)
    yield RunningStack(stack)
    stack.stop()
    assert secrets_in(stack.supervisor.log, stack.secrets) == []


@pytest.fixture(scope="session")
def film_clip() -> Path:
    """A real film clip, 5.3 s long, with sound."""
    return LOCAL / "media/bigbuckbunny.mp4"


@pytest.fixture(scope="session")
def silent_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 2 s without an audio track."""
    path = tmp_path_factory.mktemp("media") / "silent.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=duration=2:size=320x240:rate=10"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-c:v", "mpeg4", str(path)], check=True)
    return path
