"""The own route of a function that verifies tokens itself: sessions that have ended, and the audit log."""

import json
from pathlib import Path

import pytest

from functions.shared.mysql import Database
from scripts.local.secrets import Secrets
from scripts.local.supervision import Supervisor
from tests.support.callers import Caller, with_token
from tests.support.problems import assert_problem
from tests.support.stacks import Server
from tests.support.waiting import eventually

ROUTES = [("GET", "/jobs"), ("DELETE", "/jobs"), ("GET", f"/jobs/{'0' * 24}"), ("GET", f"/download/{'0' * 24}")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_ended_session_is_refused_at_once(caller: Caller, mysql: Server, method: str, path: str) -> None:
    """As soon as auth has deleted its row, though the token has not expired."""
    assert caller.call(method, path).status_code in {200, 204, 404}
    with Database(mysql.url_of("auth")).cursor() as cursor:
        cursor.execute("DELETE FROM sessions WHERE id = %s", (caller.session,))
    assert_problem(caller.call(method, path), 401)


def test_token_without_a_session_is_refused(caller: Caller, download: str, secrets: Secrets) -> None:
    """However well it is signed."""
    assert_problem(with_token(download, secrets).call("GET", "/jobs"), 401)


def test_mysql_away_is_503(caller: Caller, mysql: Server) -> None:
    """Nobody is admitted while nobody knows which sessions have ended."""
    mysql.stop()
    try:
        answer = caller.call("GET", "/jobs")
    finally:
        mysql.start()
    assert_problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"
    assert caller.call("GET", "/jobs").status_code == 200


def test_use_of_a_token_is_an_audit_line(caller: Caller, supervisor: Supervisor) -> None:
    """With account, address, route and outcome; neither the token nor the query is written."""
    caller.call("GET", "/jobs", params={"limit": "7", "private": "query"})

    def line() -> str | None:
        logged = "".join(file.read_text() for file in Path(supervisor.log).glob("download-*")).splitlines()
        return next((line for line in logged if caller.user in line), None)

    text = eventually(line, 10, "the audit line")
    record = json.loads(text)
    assert (record["logger"], record["account"], record["address"]) == ("audit", caller.user, "127.0.0.1")
    assert (record["route"], record["status"], record["outcome"]) == ("GET /jobs", 200, "accepted")
    assert caller.token not in text
    assert "query" not in text
