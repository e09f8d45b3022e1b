"""MySQL stops, hangs and comes back."""

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
        auth.call("DELETE", "account", token),
    ]


def test_every_route_says_that_mysql_is_away_until_it_is_back(auth: Client, database: Server) -> None:
    """With MySQL stopped each route that needs it answers 503 with Retry-After, and all is well once it is back."""
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


def test_a_mysql_that_hangs_is_away_within_ten_seconds(auth: Client, database: Server) -> None:
    """A MySQL that takes connections and says nothing means 503 in less than 10 s."""
    token = auth.token(auth.newcomer())
    with database.paused():
        start = time.monotonic()
        assert_problem(auth.call("GET", "verify", token), 503)
        assert time.monotonic() - start < 10
    assert auth.verify(token) == 204
