"""MongoDB as a replica set of three, in a stack that is otherwise the laptop's."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pymongo import MongoClient

from infra.mongodb.setup import RIGHTS
from scripts.local import servers
from scripts.local.stack import Stack
from tests.support.stacks import RunningStack
from tests.support.waiting import eventually

NAME = "rs0"
ELECTION_MS = 2000  # as infra/overlays/managed/README.md says
PRIMARY, SECONDARY = 1, 2


class ReplicatedStack(Stack):
    """Between its servers and its functions, the single MongoDB becomes the first member of a replica set."""

    def _start_functions(self, say: Callable[[str], None]) -> None:
        say("a replica set")
        self.supervisor.stop(["mongodb"])
        key = self.state / "replica-set-key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32))
        folders = [self.state / "data" / name for name in ("mongodb", "mongodb-2", "mongodb-3")]
        members = [
            replace(program, name=folder.name.replace("mongodb", "member"), command=[*program.command, *options])
            for folder in folders
            for program in [servers.mongodb(folder, self.secrets)]
            for options in [["--replSet", NAME, "--keyFile", str(key)]]
        ]
        self.supervisor.start(*members)
        hosts = [member.address for member in members]
        admin = f"admin:{self.secrets.password('mongodb-admin')}"
        with MongoClient[dict[str, Any]](f"mongodb://{admin}@{hosts[0]}/?directConnection=true") as client:
            config = {
                "_id": NAME,
                "members": [{"_id": number, "host": host} for number, host in enumerate(hosts)],
                "settings": {"electionTimeoutMillis": ELECTION_MS},
            }
            client.admin.command("replSetInitiate", config)
        for user in ("admin", *RIGHTS):
            login = f"{user}:{self.secrets.password(f'mongodb-{user}')}"
            database = "" if user == "admin" else "video2mp3"
            url = f"mongodb://{login}@{','.join(hosts)}/{database}?replicaSet={NAME}"
            self.secrets.write(f"mongodb-{user}", "url", url)
        ReplicaSet(RunningStack(self)).wait_until_whole()
        super()._start_functions(say)


class ReplicaSet:
    """The members of a running stack."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._url = (stack.secrets / "mongodb-admin/url").read_text()

    def wait_until_whole(self) -> None:
        """Return when there is one primary and two secondaries."""
        whole = [PRIMARY, SECONDARY, SECONDARY]
        eventually(lambda: sorted(self._states().values()) == whole, 60, "a whole replica set")

    def kill_primary(self) -> str:
        """Kill the primary, and keep it down; return its name."""
        address = next(address for address, state in self._states().items() if state == PRIMARY)
        name = next(process.name for process in self._stack.processes() if process.address == address)
        self._stack.kill(name)
        self._stack.supervisor.stop([name])
        return name

    def bring_back(self, name: str) -> None:
        """Start the member again, and return when the replica set is whole."""
        self._stack.restart(name)
        self.wait_until_whole()

    def _states(self) -> dict[str, int]:
        """Return the state of each member by its address."""
        with MongoClient[dict[str, Any]](self._url, timeoutMS=20_000) as client:
            members = client.admin.command("replSetGetStatus")["members"]
        return {member["name"]: member["state"] for member in members}
