"""API tokens: for programs, with a scope and without the account's password."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
import requests

from functions.auth.credentials import is_token, new_token
from functions.auth.sessions import MAX_TOKENS
from functions.shared.mysql import Database
from tests.support.auth import PASSWORD, Client
from tests.support.problems import assert_problem, without_ids
from tests.support.stacks import Server


@pytest.fixture
def token(auth: Client) -> str:
    """The JWT of a new user."""
    return auth.token(auth.newcomer())


def create(auth: Client, token: str, **body: object) -> requests.Response:
    return auth.call("POST", "tokens", token, {"name": "a program", "scope": "write"} | body)


def listed(auth: Client, token: str) -> list[dict[str, Any]]:
    return list(auth.call("GET", "tokens", token).json()["tokens"])


def passed_on(auth: Client, api_token: str, method: str) -> requests.Response:
    """Ask auth as the gateway does, about a request with this method."""
    return auth.send("GET", "verify", {"Authorization": f"Bearer {api_token}", "X-Original-Method": method})


def test_token_is_shown_once(auth: Client, token: str) -> None:
    """201 with the text, which has the documented form; the list has everything else."""
    answer = create(auth, token, name="Ärger & Söhne", scope="read", expires_in_days=7)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert is_token(made.pop("token"))
    assert (made["name"], made["scope"]) == ("Ärger & Söhne", "read")
    expires = datetime.fromisoformat(made["expires"])
    assert abs(expires - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    assert listed(auth, token) == [made | {"last_used": None}]


def test_store_has_no_token_in_clear_text(auth: Client, token: str, mysql: Server) -> None:
    text = auth.api_token(token)
    with Database(mysql.url_of("auth")).cursor() as cursor:
        cursor.execute("SELECT * FROM sessions")
        assert text[4:47] not in repr(cursor.fetchall())


def test_token_lasts_90_days_by_default(auth: Client, token: str) -> None:
    made = create(auth, token).json()
    lasts = datetime.fromisoformat(made["expires"]) - datetime.fromisoformat(made["created"])
    assert lasts == timedelta(days=90)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "x" * 101}, 422),
        ({"name": "a\nb"}, 422),
        ({"name": "\ud800"}, 422),
        ({"name": 1}, 400),
        ({"name": None}, 400),
        ({"scope": "admin"}, 422),
        ({"scope": ""}, 422),
        ({"scope": ["read"]}, 400),
        ({"expires_in_days": 0}, 422),
        ({"expires_in_days": -1}, 422),
        ({"expires_in_days": 366}, 422),
        ({"expires_in_days": 10**400}, 422),
        ({"expires_in_days": 1.5}, 400),
        ({"expires_in_days": "90"}, 400),
        ({"expires_in_days": True}, 400),
        ({"expires_in_days": None}, 400),
    ],
    ids=str,
)
def test_unsuitable_token_is_refused(auth: Client, token: str, body: dict[str, object], status: int) -> None:
    assert_problem(create(auth, token, **body), status)
    assert listed(auth, token) == []


def test_account_has_at_most_fifty_tokens(auth: Client, token: str) -> None:
    """Of concurrent requests, too. A deleted one makes room."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: create(auth, token), range(MAX_TOKENS + 4)))
    assert sorted(answer.status_code for answer in answers) == [201] * MAX_TOKENS + [409] * 4
    assert_problem(create(auth, token), 409)
    assert auth.call("DELETE", f"tokens/{listed(auth, token)[0]['id']}", token).status_code == 204
    assert create(auth, token).status_code == 201


def test_token_is_exchanged_for_a_jwt_of_a_minute(auth: Client, token: str) -> None:
    """The gateway passes it on: of the same user, with the token's id as the session that functions look up."""
    made = create(auth, token).json()
    answer = passed_on(auth, made["token"], "POST")
    exchanged = jwt.decode(answer.headers["X-Authorization"].split()[1], options={"verify_signature": False})
    user = jwt.decode(token, options={"verify_signature": False})
    assert exchanged["exp"] - exchanged["iat"] == 60
    assert [exchanged[name] for name in ("sub", "email")] == [user[name] for name in ("sub", "email")]
    assert exchanged["jti"] == made["id"]


def test_jwt_passes_as_it_is(auth: Client, token: str) -> None:
    answer = passed_on(auth, token, "POST")
    assert (answer.status_code, "X-Authorization" in answer.headers) == (204, False)


@pytest.mark.parametrize(
    ("scope", "method", "status"),
    [
        ("read", "GET", 204),
        ("read", "HEAD", 204),
        *(("read", method, 403) for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "BREW")),
        *(("write", method, 204) for method in ("GET", "HEAD", "POST", "PUT", "DELETE")),
    ],
)
def test_scope_read_allows_get_and_head_alone(auth: Client, token: str, scope: str, method: str, status: int) -> None:
    answer = passed_on(auth, auth.api_token(token, scope), method)
    assert answer.status_code == status
    assert ("X-Authorization" in answer.headers) == (status == 204)


@pytest.mark.parametrize("scope", ["read", "write"])
@pytest.mark.parametrize(
    "request_",
    [
        ("GET", "sessions", None),
        ("DELETE", "sessions", None),
        ("GET", "tokens", None),
        ("POST", "tokens", {"name": "another", "scope": "write"}),
        ("DELETE", "tokens/{id}", None),
        ("POST", "password", {"current": PASSWORD, "new": "another good passphrase"}),
        ("DELETE", "account", {"password": PASSWORD}),
    ],
)
def test_token_cannot_manage_the_account(
    auth: Client, token: str, scope: str, request_: tuple[str, str, object]
) -> None:
    """403 that asks for a login, whatever the scope, with the right password too."""
    made = create(auth, token, scope=scope).json()
    method, path, body = request_
    answer = auth.call(method, path.format(id=made["id"]), made["token"], body)
    assert_problem(answer, 403)
    assert "Log in" in answer.json()["detail"]
    assert [auth.verify(each) for each in (token, made["token"])] == [204, 204]


def test_deleted_token_is_refused_at_once(auth: Client, token: str) -> None:
    kept, deleted = create(auth, token).json(), create(auth, token).json()
    assert auth.call("DELETE", f"tokens/{deleted['id']}", token).status_code == 204
    assert_problem(auth.call("GET", "verify", deleted["token"]), 401)
    assert auth.verify(kept["token"]) == 204
    assert [entry["id"] for entry in listed(auth, token)] == [kept["id"]]


@pytest.mark.parametrize(("method", "path"), [("POST", "logout"), ("DELETE", "session")])
def test_token_ends_itself(auth: Client, token: str, method: str, path: str) -> None:
    """Neither the session that has made it nor another token; a token that only reads is refused."""
    kept, ended, reads = (create(auth, token, scope=scope).json() for scope in ("write", "write", "read"))
    assert auth.call(method, path, ended["token"]).status_code == 204
    assert_problem(auth.call(method, path, reads["token"]), 403)
    assert [auth.verify(each["token"]) for each in (kept, ended, reads)] == [204, 401, 204]
    assert auth.verify(token) == 204
    assert {entry["id"] for entry in listed(auth, token)} == {kept["id"], reads["id"]}


def test_token_of_another_user_is_not_found(auth: Client, token: str) -> None:
    """Neither are sessions among the tokens."""
    other = auth.token(auth.newcomer())
    made = create(auth, other).json()
    foreign = auth.call("DELETE", f"tokens/{made['id']}", token)
    missing = auth.call("DELETE", f"tokens/{uuid4()}", token)
    session = jwt.decode(token, options={"verify_signature": False})["jti"]
    own_session = auth.call("DELETE", f"tokens/{session}", token)
    assert_problem(foreign, 404)
    assert without_ids(foreign) == without_ids(missing) == without_ids(own_session)
    assert [auth.verify(each) for each in (token, made["token"])] == [204, 204]


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-1], lambda text: text + "0", lambda text: text.upper(), lambda _text: new_token()]
)
def test_other_text_is_refused(auth: Client, token: str, spoil: Any) -> None:
    answer = auth.call("GET", "verify", spoil(auth.api_token(token)))
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="video2mp3"'


def test_token_with_a_wrong_checksum_is_refused_without_asking_the_store(auth: Client, mysql: Server) -> None:
    """So typing errors and scanners' guesses cost no query."""
    wrong = f"{new_token()[:-6]}000000"
    with mysql.paused():
        assert_problem(auth.call("GET", "verify", wrong), 401)


def test_last_use_is_listed_to_the_minute(auth: Client, token: str, mysql: Server) -> None:
    """It is written at most once a minute."""
    made = create(auth, token).json()
    auth.verify(made["token"])
    used = listed(auth, token)[0]["last_used"]
    assert abs(datetime.fromisoformat(used) - datetime.now(UTC)) < timedelta(minutes=1)
    earlier = "UPDATE sessions SET last_seen = last_seen - INTERVAL %s SECOND WHERE id = %s"
    for seconds, is_written in ((30, False), (61, True)):
        with Database(mysql.url_of("auth")).cursor() as cursor:
            cursor.execute(earlier, (seconds, made["id"]))
        before = listed(auth, token)[0]["last_used"]
        auth.verify(made["token"])
        assert (listed(auth, token)[0]["last_used"] != before) == is_written
