"""What is no token of ours answers 401, never 500."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import jwt
import pytest
import requests

from tests.support.auth import Client, Person
from tests.support.forgery import HOSTILE, UNSPEAKABLE, Bait, Forger
from tests.support.keys import Keys
from tests.support.problems import assert_problem

GUARDED = [("GET", "verify"), ("POST", "logout"), ("POST", "password"), ("DELETE", "account")]


@pytest.fixture(scope="module")
def bait() -> Iterator[Bait]:
    with closing(Bait()) as bait:
        yield bait


@pytest.fixture(scope="module")
def person(auth: Client) -> Person:
    return auth.newcomer()


@pytest.fixture(scope="module")
def forger(auth: Client, keys: Keys, person: Person, bait: Bait) -> Forger:
    """Has the claims of a token whose session lives."""
    claims: dict[str, Any] = jwt.decode(auth.token(person), options={"verify_signature": False})
    forger = Forger(keys.private, keys.id, claims, bait.url)
    assert auth.verify(forger.good()) == 204
    return forger


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_refused(auth: Client, forger: Forger, bait: Bait, name: str) -> None:
    """Each is 401 with a challenge though its session lives, and no address in it is followed."""
    answer = auth.call("GET", "verify", HOSTILE[name](forger))
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="video2mp3"'
    assert not bait.taken()


@pytest.mark.parametrize(("name", "status"), [("a megabyte", 431), ("NUL", 400)])
def test_what_is_no_header_is_refused_by_the_server(auth: Client, forger: Forger, name: str, status: int) -> None:
    """A header that is too long is 431 and one with a NUL 400, before anybody looks for a token."""
    assert auth.verify(UNSPEAKABLE[name](forger)) == status


@pytest.mark.parametrize(
    ("claim", "value"),
    [("sub", str(uuid4())), ("sub", "' OR 1=1 --"), ("jti", str(uuid4())), ("jti", "' OR 1=1 --"), ("jti", "%")],
    ids=["a deleted user", "SQL for a user", "a session that ended", "SQL for a session", "any session"],
)
def test_a_token_of_no_living_session_is_refused(auth: Client, forger: Forger, claim: str, value: str) -> None:
    """A well-signed token is good only as long as the store has this session of this user."""
    assert auth.verify(forger.good(**{claim: value})) == 401


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "bearer x", "Basic YTpi", "Token x", "Bearer a b"]
)
@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_token_there_is_only_a_challenge(
    auth: Client, method: str, path: str, authorization: str | None
) -> None:
    """Every route that needs a token answers 401 with a Bearer challenge when there is none."""
    answer = requests.request(method, f"{auth.url}/auth/{path}", headers={"Authorization": authorization}, timeout=20)
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_of_two_authorization_headers_none_counts(auth: Client, forger: Forger) -> None:
    """Two headers are no token, though both have a good one."""
    connection = HTTPConnection(urlsplit(auth.url).netloc, timeout=20)
    connection.putrequest("GET", "/auth/verify")
    for _ in range(2):
        connection.putheader("Authorization", f"Bearer {forger.good()}")
    connection.endheaders()
    assert connection.getresponse().status == 401
    connection.close()


def test_a_token_in_the_query_is_none(auth: Client, forger: Forger) -> None:
    """A good token in the address is not looked at."""
    query = {"token": forger.good(), "access_token": forger.good()}
    assert requests.get(f"{auth.url}/auth/verify", query, timeout=20).status_code == 401
