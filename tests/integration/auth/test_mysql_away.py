"""MySQL stops, hangs and recovers."""

import time

import requests

from tests.support.auth import PASSWORD, Client
from tests.support.problems import assert_problem
from tests.support.stacks import Server


def _calls(auth: Client, email: str, token: str) -> list[requests.Response]:
    return [
        auth.register("later@example.com", PASSWORD),
        auth.login(email, PASSWORD),
        auth.login("nobody@example.com", PASSWORD),
        auth.call("GET", "verify", token),
        auth.call("POST", "logout", token),
        auth.call("POST", "password", token, {"current": PASSWORD, "new": "another good passphrase"}),
        auth.call("DELETE", "account", token, {"password": PASSWORD}),
    ]


def test_every_route_is_503_while_mysql_is_away(auth: Client, database: Server) -> None:
    """Each route that needs MySQL, with Retry-After; requests succeed again once MySQL is back."""
    person = auth.newcomer()
    token = auth.token(person)
    database.stop()
    try:
        for answer in _calls(auth, person.email, token):
            assert_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.elapsed.total_seconds() < 10
        assert requests.get(f"{auth.url}/auth/keys", timeout=20).status_code == 200
    finally:
        database.start()
    assert auth.verify(token) == 204
    assert auth.login(person.email, person.password).status_code == 200


def test_hanging_mysql_is_503_within_ten_seconds(auth: Client, database: Server) -> None:
    """A MySQL that accepts connections and does not answer."""
    token = auth.token(auth.newcomer())
    with database.paused():
        start = time.monotonic()
        assert_problem(auth.call("GET", "verify", token), 503)
        assert time.monotonic() - start < 10
    assert auth.verify(token) == 204
