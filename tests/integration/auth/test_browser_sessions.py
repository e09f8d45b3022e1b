"""Sessions of browsers: a cookie, which only pages of the site can use."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests
from pymysql.cursors import Cursor

from functions.auth.throttle import FREE_FAILURES, LOGINS
from functions.shared.mysql import Database
from tests.support.auth import OWN_PAGE, PASSWORD, PUBLIC_URL, Client, Registered
from tests.support.problems import assert_problem, without_ids
from tests.support.stacks import Server

CROSS_SITE = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC_URL},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{PUBLIC_URL}.evil.example"},
    {"Referer": f"{PUBLIC_URL}/"},
    {"Host": "video2mp3.example", "X-Requested-With": "XMLHttpRequest"},
]


@pytest.fixture
def rows(mysql: Server) -> Iterator[Cursor]:
    with Database(mysql.url_of("auth")).cursor() as cursor:
        yield cursor


def listed(auth: Client, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = auth.send("GET", "sessions", headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["sessions"])


def test_login_of_a_page_sets_a_cookie_that_scripts_cannot_read(auth: Client) -> None:
    """201 with the account and when the session ends; the cookie is opaque, HttpOnly and SameSite=Strict."""
    person = auth.newcomer()
    answer = auth.send("POST", "session", OWN_PAGE, {"email": person.email.upper(), "password": PASSWORD})
    assert answer.status_code == 201
    assert (answer.json()["email"], len(answer.json()["id"])) == (person.email, 36)
    expires = datetime.fromisoformat(answer.json()["expires"])
    assert abs(expires - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    assert answer.headers["Cache-Control"] == "no-store"
    secret, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert len(secret) == len("session=") + 43
    assert {"HttpOnly", "Path=/", "SameSite=Strict", "Max-Age=2592000"} < set(attributes)


def test_page_learns_whose_session_it_has(auth: Client) -> None:
    """The account of the cookie; 401 without one, or when it has ended."""
    person = auth.newcomer()
    headers = auth.browse(person)
    answer = auth.send("GET", "session", headers)
    assert (answer.status_code, answer.json()["email"]) == (200, person.email)
    assert_problem(auth.send("GET", "session", {}), 401)
    assert auth.send("DELETE", "session", headers).status_code == 204
    assert_problem(auth.send("GET", "session", headers), 401)


def test_store_has_no_cookie_in_clear_text(auth: Client, rows: Cursor) -> None:
    headers = auth.browse(auth.newcomer())
    secret = headers["Cookie"].partition("=")[2]
    rows.execute("SELECT * FROM sessions")
    assert secret not in repr(rows.fetchall())


def test_wrong_password_of_a_page_opens_no_dialog(auth: Client) -> None:
    """401 without a Basic challenge, the same for an unknown address."""
    person, answers = auth.newcomer(), []
    for email in (person.email, "nobody@example.com"):
        answer = auth.send("POST", "session", OWN_PAGE, {"email": email, "password": "not the password"})
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="video2mp3"'
        assert "Set-Cookie" not in answer.headers
        answers.append(without_ids(answer))
    assert answers[0] == answers[1]


def test_logins_of_pages_are_limited_as_all_logins(auth: Client) -> None:
    """Logins of both kinds count together, and wrong passwords of both kinds for an account."""
    person, address = auth.newcomer(), str(uuid4())
    at = Client(auth.url, address)
    body = {"email": person.email, "password": "not the password"}
    statuses = [at.send("POST", "session", OWN_PAGE, body).status_code for _ in range(FREE_FAILURES)]
    assert statuses == [401] * FREE_FAILURES
    assert at.login(person.email, PASSWORD).status_code == 429
    elsewhere = Client(auth.url, str(uuid4()))
    statuses = [elsewhere.login(f"{uuid4()}@example.com", PASSWORD).status_code for _ in range(LOGINS.burst)]
    assert statuses == [401] * LOGINS.burst
    assert_problem(elsewhere.send("POST", "session", OWN_PAGE, body), 429)


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
def test_login_from_another_site_is_refused(auth: Client, headers: dict[str, str]) -> None:
    """Else a site could log its visitors in to an account of its own, and get their videos."""
    person = auth.newcomer()
    answer = auth.send("POST", "session", headers, {"email": person.email, "password": PASSWORD})
    assert_problem(answer, 403)
    assert "Set-Cookie" not in answer.headers


def test_login_without_a_browser_is_accepted(auth: Client) -> None:
    """A program states no site; it has no visitor who could be deceived."""
    person = auth.newcomer()
    assert auth.send("POST", "session", {}, {"email": person.email, "password": PASSWORD}).status_code == 201


def test_cookie_authenticates_own_pages(auth: Client) -> None:
    """By `Sec-Fetch-Site`, or by `Origin` in browsers that do not send it; reading needs neither."""
    person = auth.newcomer()
    cookie = {"Cookie": auth.browse(person)["Cookie"]}
    assert auth.send("GET", "verify", cookie).status_code == 204
    for own in (OWN_PAGE, {"Origin": PUBLIC_URL}):
        body = {"name": "from a page", "scope": "read"}
        assert auth.send("POST", "tokens", cookie | own, body).status_code == 201


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
@pytest.mark.parametrize(
    "request_",
    [
        ("POST", "logout", None),
        ("DELETE", "session", None),
        ("DELETE", "sessions", None),
        ("POST", "tokens", {"name": "of another site", "scope": "write"}),
        ("POST", "password", {"current": PASSWORD, "new": "another good passphrase"}),
        ("DELETE", "account", {"password": PASSWORD}),
    ],
)
def test_request_of_another_site_changes_nothing(
    auth: Client, forged: Registered, headers: dict[str, str], request_: tuple[str, str, object]
) -> None:
    """With the cookie, but without the word of the browser that a page of this site sends it, it is 403."""
    cookie = {"Cookie": auth.browse(forged)["Cookie"]}
    method, path, body = request_
    assert_problem(auth.send(method, path, cookie | headers, body), 403)
    assert auth.send("GET", "verify", cookie).status_code == 204
    assert auth.send("GET", "tokens", cookie).json() == {"tokens": []}


@pytest.fixture(scope="module")
def forged(auth: Client) -> Registered:
    return auth.newcomer()


@pytest.mark.parametrize("cookie", ["", "session=", "session=x", f"session={'0' * 43}", f"__Host-session={'0' * 43}"])
def test_other_cookie_is_refused(auth: Client, cookie: str) -> None:
    assert_problem(auth.send("GET", "verify", OWN_PAGE | {"Cookie": cookie}), 401)


def test_authorization_precedes_the_cookie(auth: Client) -> None:
    """Whoever sends both is the one of `Authorization`: also if that is invalid, and then nobody."""
    browsing, other = auth.browse(auth.newcomer()), auth.newcomer()
    token = auth.token(other)
    kinds = [entry["kind"] for entry in listed(auth, browsing | {"Authorization": f"Bearer {token}"})]
    assert kinds == ["login"]
    assert_problem(auth.send("GET", "verify", browsing | {"Authorization": "Bearer x"}), 401)


@pytest.mark.parametrize(("method", "path"), [("DELETE", "session"), ("POST", "logout")])
def test_logout_ends_the_session_and_takes_the_cookie_back(auth: Client, method: str, path: str) -> None:
    headers, others = auth.browse(person := auth.newcomer()), auth.browse(person)
    answer = auth.send(method, path, headers)
    assert answer.status_code == 204
    assert answer.headers["Set-Cookie"].startswith("session=; ")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert [auth.send("GET", "verify", one).status_code for one in (headers, others)] == [401, 204]


def test_sessions_are_listed_with_device_address_and_time(auth: Client) -> None:
    """Those of browsers and the logins of programs; the caller's own is marked."""
    person, address = auth.newcomer(), str(uuid4())
    token = auth.token(person)
    at = Client(auth.url, address)
    device = {"User-Agent": f"A browser {'x' * 300}"}
    body = {"email": person.email, "password": PASSWORD}
    cookie = at.send("POST", "session", OWN_PAGE | device, body).headers["Set-Cookie"].partition(";")[0]
    browser, login = sorted(listed(auth, OWN_PAGE | {"Cookie": cookie}), key=lambda entry: entry["kind"])
    assert browser["device"] == device["User-Agent"][:200]
    assert browser["address"] == address
    assert (browser["kind"], login["kind"]) == ("browser", "login")
    assert (browser["current"], login["current"]) == (True, False)
    assert login["device"].startswith("python-requests/")
    for entry in (browser, login):
        created, seen, expires = (datetime.fromisoformat(entry[name]) for name in ("created", "last_seen", "expires"))
        assert created <= seen < expires
    other = {entry["id"]: entry["current"] for entry in listed(auth, {"Authorization": f"Bearer {token}"})}
    assert other == {browser["id"]: False, login["id"]: True}


def test_one_session_or_all_others_can_be_ended(auth: Client) -> None:
    person = auth.newcomer()
    here, there, elsewhere = (auth.browse(person) for _ in range(3))
    token = auth.token(person)
    (id_of_there,) = [entry["id"] for entry in listed(auth, there) if entry["current"]]
    assert auth.send("DELETE", f"sessions/{id_of_there}", here).status_code == 204
    assert_problem(auth.send("DELETE", f"sessions/{id_of_there}", here), 404)
    assert [auth.send("GET", "verify", one).status_code for one in (here, there, elsewhere)] == [204, 401, 204]
    assert auth.send("DELETE", "sessions", here).status_code == 204
    assert [auth.send("GET", "verify", one).status_code for one in (here, elsewhere)] == [204, 401]
    assert auth.verify(token) == 401


def test_session_of_another_user_is_not_found(auth: Client) -> None:
    mine, others = auth.browse(auth.newcomer()), auth.browse(auth.newcomer())
    (entry,) = listed(auth, others)
    foreign = auth.send("DELETE", f"sessions/{entry['id']}", mine)
    missing = auth.send("DELETE", f"sessions/{uuid4()}", mine)
    assert_problem(foreign, 404)
    assert without_ids(foreign) == without_ids(missing)
    assert auth.send("GET", "verify", others).status_code == 204


@pytest.mark.parametrize("door", ["cookie", "JWT"])
def test_changed_password_ends_every_session_and_token(auth: Client, door: str) -> None:
    person = auth.newcomer()
    token = auth.token(person)
    headers, api_token = auth.browse(person), auth.api_token(token)
    own = headers if door == "cookie" else {"Authorization": f"Bearer {token}"}
    body = {"current": PASSWORD, "new": "another good passphrase"}
    assert auth.send("POST", "password", own, body).status_code == 204
    assert auth.send("GET", "verify", headers).status_code == 401
    assert [auth.verify(each) for each in (token, api_token)] == [401, 401]


def test_session_slides_while_it_is_used(auth: Client, rows: Cursor) -> None:
    """A use a minute after the last prolongs it to 30 days, and the browser gets the cookie anew to keep it as long."""
    headers = auth.browse(auth.newcomer())
    (entry,) = listed(auth, headers)
    assert "Set-Cookie" not in auth.send("GET", "verify", headers).headers
    rows.execute(
        "UPDATE sessions SET last_seen = UTC_TIMESTAMP() - INTERVAL 61 SECOND,"
        " expires = UTC_TIMESTAMP() + INTERVAL 1 HOUR WHERE id = %s",
        (entry["id"],),
    )
    answer = auth.send("GET", "verify", headers)
    assert answer.headers["Set-Cookie"].startswith(f"{headers['Cookie']}; ")
    assert "Max-Age=2592000" in answer.headers["Set-Cookie"]
    assert "Set-Cookie" not in auth.send("GET", "verify", headers).headers
    (entry,) = listed(auth, headers)
    assert datetime.fromisoformat(entry["expires"]) > datetime.now(UTC) + timedelta(days=29)


def test_session_that_is_not_used_expires(auth: Client, rows: Cursor) -> None:
    headers = auth.browse(auth.newcomer())
    (entry,) = listed(auth, headers)
    rows.execute("UPDATE sessions SET expires = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE id = %s", (entry["id"],))
    assert_problem(auth.send("GET", "verify", headers), 401)


def test_account_is_deleted_by_a_page(auth: Client) -> None:
    person = auth.newcomer()
    headers = auth.browse(person)
    answer = auth.send("DELETE", "account", headers, {"password": PASSWORD})
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert auth.send("GET", "verify", headers).status_code == 401


def test_only_the_gateway_gets_a_jwt_for_a_cookie(auth: Client) -> None:
    """Whoever had it could use a function's own route without the cookie, and with more than a token's scope."""
    person = auth.newcomer()
    headers = auth.browse(person) | {"X-Original-Method": "GET"}
    assert auth.send("GET", "verify", headers).headers["X-Authorization"].startswith("Bearer ey")
    direct = requests.get(f"{auth.url}/auth/verify", headers=headers, timeout=20)
    guessed = requests.get(f"{auth.url}/auth/verify", headers=headers | {"X-Gateway-Password": "a guess"}, timeout=20)
    for answer in (direct, guessed):
        assert answer.status_code == 204
        assert "X-Authorization" not in answer.headers


def test_exchanged_jwt_is_no_login(auth: Client) -> None:
    """Neither the gateway nor auth accept it: a function that is taken over cannot prolong it."""
    headers = auth.browse(auth.newcomer()) | {"X-Original-Method": "POST"}
    exchanged = auth.send("GET", "verify", headers).headers["X-Authorization"]
    assert_problem(auth.send("GET", "verify", {"Authorization": exchanged}), 401)
