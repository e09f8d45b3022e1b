"""Invalid tokens are 401, never 500."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import jwt
import pytest
import requests

from tests.support.auth import Client, Registered
from tests.support.forgery import HOSTILE, UNSPEAKABLE, Bait, Forger
from tests.support.keys import Keys
from tests.support.problems import assert_problem

GUARDED = [("GET", "verify"), ("POST", "logout"), ("POST", "password"), ("DELETE", "account")]


@pytest.fixture(scope="module")
def bait() -> Iterator[Bait]:
    with closing(Bait()) as bait:
        yield bait


@pytest.fixture(scope="module")
def person(auth: Client) -> Registered:
    return auth.newcomer()


@pytest.fixture(scope="module")
def forger(auth: Client, keys: Keys, person: Registered, bait: Bait) -> Forger:
    """Has the claims of a token whose session is open."""
    claims: dict[str, Any] = jwt.decode(auth.token(person), options={"verify_signature": False})
    forger = Forger(keys.private, keys.id, claims, bait.url)
    assert auth.verify(forger.good()) == 204
    return forger


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_token_is_refused(auth: Client, forger: Forger, bait: Bait, name: str) -> None:
    """Each is 401 with a challenge although its session is open, and no URL in it is requested."""
    answer = auth.call("GET", "verify", HOSTILE[name](forger))
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="video2mp3"'
    assert not bait.taken()


@pytest.mark.parametrize(("name", "status"), [("a megabyte", 431), ("NUL", 400)])
def test_malformed_header_is_refused_by_the_server(auth: Client, forger: Forger, name: str, status: int) -> None:
    """A header that is too long is 431, one with a NUL is 400."""
    assert auth.verify(UNSPEAKABLE[name](forger)) == status


@pytest.mark.parametrize(
    ("claim", "value"),
    [("sub", str(uuid4())), ("sub", "' OR 1=1 --"), ("jti", str(uuid4())), ("jti", "' OR 1=1 --"), ("jti", "%")],
    ids=["a deleted user", "SQL for a user", "a session that ended", "SQL for a session", "any session"],
)
def test_token_without_an_open_session_is_refused(auth: Client, forger: Forger, claim: str, value: str) -> None:
    """A correctly signed token is valid only while the store has this session of this user."""
    assert auth.verify(forger.good(**{claim: value})) == 401


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "bearer x", "Basic YTpi", "Token x", "Bearer a b"]
)
@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_request_without_a_token_gets_a_challenge(
    auth: Client, method: str, path: str, authorization: str | None
) -> None:
    """Every route that requires a token is 401 with a Bearer challenge."""
    answer = requests.request(method, f"{auth.url}/auth/{path}", headers={"Authorization": authorization}, timeout=20)
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_two_authorization_headers_are_refused(auth: Client, forger: Forger) -> None:
    """Even if both have a valid token."""
    connection = HTTPConnection(urlsplit(auth.url).netloc, timeout=20)
    connection.putrequest("GET", "/auth/verify")
    for _ in range(2):
        connection.putheader("Authorization", f"Bearer {forger.good()}")
    connection.endheaders()
    assert connection.getresponse().status == 401
    connection.close()


def test_token_in_the_query_is_ignored(auth: Client, forger: Forger) -> None:
    """A valid token in the URL does not authenticate."""
    query = {"token": forger.good(), "access_token": forger.good()}
    assert requests.get(f"{auth.url}/auth/verify", query, timeout=20).status_code == 401
