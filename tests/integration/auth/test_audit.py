"""The audit log of auth, and rows that are removed by time."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pymysql
import pytest
from pymysql.cursors import Cursor

from functions.auth.expiry import Expiry
from functions.auth.throttle import FREE_FAILURES
from functions.shared.mysql import Database
from scripts.local.supervision import Supervisor
from tests.support.auth import PASSWORD, Client
from tests.support.downloads import Downloads
from tests.support.stacks import Server
from tests.support.waiting import eventually

Lines = Callable[[str, int], list[tuple[Any, ...]]]


@pytest.fixture
def lines(supervisor: Supervisor) -> Lines:
    """Return a function that waits for an address's audit lines: account, route, status and outcome of each."""

    def read(address: str) -> list[tuple[Any, ...]]:
        logged = "".join(file.read_text() for file in Path(supervisor.log).glob("auth-*")).splitlines()
        records = [json.loads(line) for line in logged if line.startswith("{") and address in line]
        assert all(record["logger"] == "audit" for record in records)
        return [(record["account"], record["route"], record["status"], record["outcome"]) for record in records]

    def wait(address: str, count: int) -> list[tuple[Any, ...]]:
        eventually(lambda: len(read(address)) >= count, 10, "the audit lines")
        return read(address)

    return wait


def test_each_request_is_one_audit_line(auth: Client, downloads: Downloads, lines: Lines) -> None:
    """Registration, logins, token use, password change, refusals and deletion, with account, address and outcome."""
    email, address, new = f"{uuid4()}@example.com", str(uuid4()), "another good passphrase"
    at = Client(auth.url, address)
    user = at.register(email, PASSWORD).json()["id"]
    at.login(email, "not the password")
    at.login("nobody@example.com", "not the password")
    token = at.login(email, PASSWORD).json()["token"]
    at.verify(token)
    at.call("POST", "password", token, {"current": PASSWORD, "new": new})
    at.verify(token)
    token = at.login(email, new).json()["token"]
    at.call("DELETE", "account", token, {"password": "wrong"})
    at.call("DELETE", "account", token, {"password": new})
    assert lines(address, 10) == [
        (user, "POST /auth/register", 201, "accepted"),
        (user, "POST /auth/login", 401, "WrongLogin"),
        (None, "POST /auth/login", 401, "WrongLogin"),
        (user, "POST /auth/login", 200, "accepted"),
        (user, "GET /auth/verify", 204, "accepted"),
        (user, "POST /auth/password", 204, "accepted"),
        (user, "GET /auth/verify", 401, "SessionEnded"),
        (user, "POST /auth/login", 200, "accepted"),
        (user, "DELETE /auth/account", 403, "WrongPassword"),
        (user, "DELETE /auth/account", 204, "accepted"),
    ]


def test_refusal_by_a_limit_is_an_audit_line(auth: Client, lines: Lines) -> None:
    address = str(uuid4())
    at = Client(auth.url, address)
    for _ in range(FREE_FAILURES + 1):
        at.login("nobody.here@example.com", "not the password")
    assert lines(address, FREE_FAILURES + 1)[-1] == (None, "POST /auth/login", 429, "TooManyAttempts")


@pytest.fixture
def rows(mysql: Server) -> Iterator[Cursor]:
    with closing(pymysql.connect(**_arguments(mysql), autocommit=True)) as connection, connection.cursor() as cursor:
        yield cursor


def _arguments(mysql: Server) -> dict[str, Any]:
    return {**Database(mysql.url_of("auth"))._arguments, "database": "auth"}


def test_ended_sessions_and_attempts_are_removed_by_time(auth: Client, mysql: Server, rows: Cursor) -> None:
    """Whoever they belong to; open sessions and limits that still count are kept."""
    person = auth.newcomer()
    token = auth.token(person)
    rows.execute("SELECT id FROM users WHERE email = %s", (person.email,))
    (user,) = rows.fetchone() or ("",)
    rows.execute(
        "INSERT INTO sessions (id, user_id, expires) VALUES ('ended', %s, UTC_TIMESTAMP() - INTERVAL 61 MINUTE)",
        (user,),
    )
    rows.execute("INSERT INTO attempts VALUES ('old', 3, UTC_TIMESTAMP(6) - INTERVAL 61 MINUTE)")
    rows.execute("INSERT INTO attempts VALUES ('young', 3, UTC_TIMESTAMP(6) - INTERVAL 59 MINUTE)")
    Expiry(Database(mysql.url_of("auth"))).remove_ended()
    assert rows.execute("SELECT id FROM sessions WHERE id = 'ended'") == 0
    assert (rows.execute("SELECT id FROM attempts WHERE id IN ('old', 'young')"), rows.fetchall()) == (1, (("young",),))
    assert auth.verify(token) == 204


def test_any_answer_of_auth_removes_what_has_ended(
    auth_settings: dict[str, str], start_function: Any, rows: Cursor
) -> None:
    """Without a login: a request that asks for the keys suffices."""
    rows.execute("INSERT INTO attempts VALUES ('older', 3, UTC_TIMESTAMP(6) - INTERVAL 2 HOUR)")
    fresh = Client(start_function("auth", auth_settings))
    fresh.call("GET", "keys", "")
    eventually(lambda: rows.execute("SELECT id FROM attempts WHERE id = 'older'") == 0, 10, "the removal")
