"""The certificates of a store that the functions and the set-up programs accept."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pymysql
import pytest
import requests
from pymongo.errors import ConnectionFailure

from functions.shared import mongo
from functions.shared.events import video_uploaded
from functions.shared.mysql import Database
from infra.mongodb.setup import RIGHTS
from infra.mysql.setup import PRIVILEGES
from scripts.local import functions
from scripts.local.secrets import Secrets
from scripts.local.supervision import REPOSITORY, Supervisor
from tests.integration.stores.certificates import Authority
from tests.integration.stores.conftest import REFUSALS, Present
from tests.integration.stores.tls import TlsServer
from tests.support.ingress import deliver
from tests.support.secrecy import PASSPHRASE
from tests.support.stacks import Server
from tests.support.waiting import eventually

USERS = {"mongodb": ("admin", *RIGHTS), "mysql": ("admin", *PRIVILEGES)}


class Client:
    """A function with its store, `deadletter` for MongoDB and `auth` for MySQL, and the store's set-up program."""

    def __init__(self, supervisor: Supervisor, server: TlsServer, options: str, env: dict[str, str]) -> None:
        self.server = server
        self._options, self._supervisor = options, supervisor
        function = {"mongodb": "deadletter", "mysql": "auth"}[server.name]
        url = {f"{server.name.upper()}_URL": server.url(function, options)}
        program = functions.program(function, url | env)
        self._name, self._url = f"{function}-tls", program.address
        supervisor.start(replace(program, name=self._name))

        self._log = supervisor.log / f"{self._name}.log"

    def call(self) -> int:
        """Let a new process of the function use the store; return its answer's status."""
        self._supervisor.restart(self._name)
        self._log.write_text("")
        if self.server.name == "mongodb":
            return deliver(self._url, video_uploaded("6925c0ffee5eed0fcafe0001")).status_code
        login = ("nobody@people.example", PASSPHRASE)
        return requests.post(f"{self._url}/auth/login", auth=login, timeout=30).status_code

    def reason(self) -> str:
        """Return the line that the last call logged about its store."""

        def look() -> str:
            return "".join(line for line in self._log.read_text().splitlines() if "store does not answer" in line)

        return eventually(look, 10, "the log's line")

    def set_up(self) -> subprocess.CompletedProcess[str]:
        """Run the set-up program of the store."""
        store = self.server.name
        urls = {f"{store}_{user}_URL".upper(): self.server.url(user, self._options) for user in USERS[store]}
        command = [sys.executable, str(REPOSITORY / f"infra/{store}/setup.py")]
        env = {**os.environ, "PYTHONPATH": str(REPOSITORY), **urls}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", params=USERS)
def client(
    request: pytest.FixtureRequest,
    supervisor_of_tls: Supervisor,
    stores: dict[str, TlsServer],
    authority: Authority,
    secrets: Secrets,
) -> Client:
    """Uses TLS."""
    options = {
        "mongodb": f"tls=true&tlsCAFile={authority.file}",
        "mysql": f"ssl-mode=VERIFY_IDENTITY&ssl-ca={authority.file}",
    }
    env = {
        "THREADS": "1",
        "JWT_PRIVATE_KEY": secrets.read("jwt-private", "key"),
        "JWT_PUBLIC_KEYS": secrets.read("jwt-public", "keys"),
        "DOWNLOAD_URL": "http://download.example",
        "GATEWAY_PASSWORD": secrets.password("gateway"),
        "PUBLIC_URL": "https://gateway.example",
        "REGISTRATION": "open",
    }
    return Client(supervisor_of_tls, stores[request.param], options[request.param], env)


def test_function_and_set_up_accept_a_valid_certificate(client: Client, present: Present) -> None:
    """It has the URL's host and is signed by the given CA. 401 is auth's answer for a user who is not in MySQL."""
    present(client.server, "valid")
    assert client.call() == {"mongodb": 200, "mysql": 401}[client.server.name]
    made = client.set_up()
    assert (made.returncode, made.stderr) == (0, "")


@pytest.mark.parametrize("kind", REFUSALS)
def test_function_and_set_up_refuse_a_certificate_and_say_why(client: Client, kind: str, present: Present) -> None:
    """The function answers 503 and logs the reason, the set-up program exits with it; neither shows a password."""
    present(client.server, kind)
    with ThreadPoolExecutor() as pool:
        set_up = pool.submit(client.set_up)
        status = client.call()
        made = set_up.result()
    assert (status, made.returncode) == (503, 1)
    for text in (client.reason(), made.stderr):
        assert "certificate verify failed" in text
        assert REFUSALS[kind] in text
        assert not any(client.server.password(user) in text for user in USERS[client.server.name])


def test_servers_take_no_connection_without_tls(stores: dict[str, TlsServer], present: Present) -> None:
    """This proves that the other tests use TLS."""
    for server in stores.values():
        present(server, "valid")
    with pytest.raises(ConnectionFailure):
        mongo.database(stores["mongodb"].url("deadletter", ""))["dead"].find_one()
    with pytest.raises(pymysql.OperationalError), Database(stores["mysql"].url("auth", "")).cursor():
        pass


def test_mysql_without_tls_is_refused(mysql: Server, authority: Authority) -> None:
    """A server without TLS is refused, so that an attacker cannot downgrade the connection to clear text."""
    database = Database(f"{mysql.url_of('auth')}?ssl-mode=VERIFY_IDENTITY&ssl-ca={authority.file}")
    with pytest.raises(pymysql.OperationalError, match="SSL is required"), database.cursor():
        pass
