"""Cookies and API tokens at the gateway: functions get a JWT of a minute instead."""

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from typing import Any

import pytest
import requests

from functions.shared.mysql import Database
from functions.shared.tokens import Verifier
from tests.integration.gateway.nginx import Gateway
from tests.integration.gateway.upstream import Upstream
from tests.support.auth import PASSWORD, PUBLIC_URL, Client, Registered
from tests.support.keys import Keys
from tests.support.person import From
from tests.support.problems import assert_problem
from tests.support.stacks import Server

Route = tuple[str, str]
ROUTES = [
    ("PUT", "/upload?name=a"),
    ("POST", "/jobs/1/again"),
    ("GET", "/jobs"),
    ("DELETE", "/jobs/200"),
    ("GET", "/download/1"),
]
UNSAFE = [(method, path) for method, path in ROUTES if method != "GET"]
OTHER_SITES = [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]


def ask(gateway: Gateway, route: Route, headers: dict[str, str], **options: Any) -> requests.Response:
    method, path = route
    return requests.request(method, gateway.url + path, headers=headers, timeout=10, **options)


@pytest.fixture(scope="module")
def person(auth: Client) -> Registered:
    return auth.newcomer()


@pytest.fixture
def cookie(auth: Client, person: Registered) -> dict[str, str]:
    """The cookie alone, which a browser would send with a request of any site if it were not SameSite=Strict."""
    return {"Cookie": auth.browse(person)["Cookie"]}


@pytest.fixture(params=["cookie", "API token"])
def presented(auth: Client, person: Registered, request: pytest.FixtureRequest) -> dict[str, str]:
    """The headers of a page's request, and of a program's."""
    if request.param == "cookie":
        return auth.browse(person)
    return {"Authorization": f"Bearer {auth.api_token(auth.token(person))}"}


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_function_gets_a_jwt_and_no_cookie(
    gateway: Gateway, upstream: Upstream, keys: Keys, presented: dict[str, str], route: Route
) -> None:
    """The JWT is auth's own, valid for a minute; the secret stays at the gateway."""
    answer = ask(gateway, route, presented)
    assert answer.status_code < 300
    assert "X-Authorization" not in answer.headers
    (asked,) = upstream.asked
    assert "Cookie" not in asked.headers
    expires = Verifier(keys.jwks).caller(asked.headers["Authorization"]).expires
    assert timedelta(0) < expires - datetime.now(UTC) <= timedelta(minutes=1)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_function_learns_when_the_gateway_forwards_a_request(
    gateway: Gateway, upstream: Upstream, token: str, route: Route
) -> None:
    """Whatever the client says: a JWT has to be valid at that time."""
    began = time.time()
    assert ask(gateway, route, {"Authorization": f"Bearer {token}", "X-Gateway-Time": "1"}).status_code < 300
    (asked,) = upstream.asked
    (stated,) = asked.headers.getlist("X-Gateway-Time")
    assert began - 0.1 <= float(stated) <= time.time() + 0.1


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_jwt_passes_unchanged_and_precedes_a_cookie(
    gateway: Gateway, upstream: Upstream, auth: Client, token: str, route: Route
) -> None:
    headers = auth.browse(auth.newcomer()) | {"Authorization": f"Bearer {token}"}
    assert ask(gateway, route, headers).status_code < 300
    (asked,) = upstream.asked
    assert asked.headers["Authorization"] == f"Bearer {token}"
    assert "Cookie" not in asked.headers


@pytest.mark.parametrize("route", UNSAFE, ids=str)
@pytest.mark.parametrize("headers", OTHER_SITES, ids=str)
def test_request_of_another_site_reaches_no_function(
    gateway: Gateway, upstream: Upstream, cookie: dict[str, str], headers: dict[str, str], route: Route
) -> None:
    """403 as a problem that says what a page of this site sends."""
    answer = ask(gateway, route, cookie | headers)
    assert_problem(answer, 403)
    assert "page of this site" in answer.json()["detail"]
    assert "X-Refusal" not in answer.headers
    assert upstream.asked == []


def test_request_with_the_sites_origin_passes(gateway: Gateway, cookie: dict[str, str]) -> None:
    assert ask(gateway, ("DELETE", "/jobs/200"), cookie | {"Origin": PUBLIC_URL}).status_code == 200


@pytest.mark.parametrize("route", UNSAFE, ids=str)
def test_read_token_changes_nothing(
    gateway: Gateway, upstream: Upstream, auth: Client, person: Registered, route: Route
) -> None:
    """403 as a problem that names the scope; no header makes another method of it."""
    headers = {"Authorization": f"Bearer {auth.api_token(auth.token(person), 'read')}", "X-Original-Method": "GET"}
    answer = ask(gateway, route, headers)
    assert_problem(answer, 403)
    assert "scope is `read`" in answer.json()["detail"]
    assert upstream.asked == []


def test_large_upload_of_a_read_token_is_refused_at_once(gateway: Gateway, auth: Client, person: Registered) -> None:
    token = auth.api_token(auth.token(person), "read")
    head = f"POST /upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 4294967296\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.headers["Content-Type"]) == (403, "application/problem+json")


def test_client_cannot_state_another_method(gateway: Gateway, cookie: dict[str, str]) -> None:
    """Only the gateway says what a session is used for."""
    headers = cookie | {"Sec-Fetch-Site": "cross-site", "X-Original-Method": "GET"}
    assert_problem(ask(gateway, ("DELETE", "/auth/sessions"), headers), 403)


def test_client_cannot_ask_for_a_jwt(gateway: Gateway, auth: Client, person: Registered) -> None:
    """auth answers the gateway alone with one; through the gateway its own route has none, whatever a client sends."""
    for headers in (auth.browse(person), {"Authorization": f"Bearer {auth.api_token(auth.token(person))}"}):
        answer = requests.get(f"{gateway.url}/auth/verify", headers=headers | {"X-Original-Method": "GET"}, timeout=10)
        assert (answer.status_code, "X-Authorization" in answer.headers) == (204, False)


@pytest.fixture
def page() -> Iterator[requests.Session]:
    """A browser at an address of its own, as auth limits logins by address."""
    with requests.Session() as page:
        page.mount("http://", From("127.0.6.1"))
        page.headers["Sec-Fetch-Site"] = "same-origin"
        yield page


def test_cookie_reaches_auth_through_the_gateway(gateway: Gateway, person: Registered, page: requests.Session) -> None:
    """A page logs in, lists its sessions and logs out."""
    body = {"email": person.email, "password": PASSWORD}
    assert page.post(f"{gateway.url}/auth/session", json=body, timeout=10).status_code == 201
    assert page.get(f"{gateway.url}/auth/sessions", timeout=10).status_code == 200
    assert page.delete(f"{gateway.url}/auth/session", timeout=10).status_code == 204
    assert not page.cookies
    assert page.get(f"{gateway.url}/auth/sessions", timeout=10).status_code == 401


def test_renewed_cookie_reaches_the_browser(gateway: Gateway, auth: Client, person: Registered, mysql: Server) -> None:
    """With the answer of a function, whose request has prolonged the session; once."""
    headers = auth.browse(person)
    with Database(mysql.url_of("auth")).cursor() as cursor:
        cursor.execute("UPDATE sessions SET last_seen = last_seen - INTERVAL 61 SECOND")
    renewed, again = (requests.get(f"{gateway.url}/jobs", headers=headers, timeout=10) for _ in range(2))
    assert renewed.headers["Set-Cookie"].startswith(f"{headers['Cookie']}; ")
    assert "Set-Cookie" not in again.headers


def test_logout_of_pages_counts_as_no_login(gateway: Gateway) -> None:
    """Only POST is limited as logins are."""
    statuses = {requests.delete(f"{gateway.url}/auth/session", timeout=10).status_code for _ in range(20)}
    assert statuses == {401}


def test_eleventh_login_of_a_page_within_a_minute_is_429(gateway: Gateway, page: requests.Session) -> None:
    """Logins of pages and of programs count together."""
    page.mount("http://", From("127.0.6.2"))
    body = {"email": "nobody@example.com", "password": "not the password"}
    urls = [f"{gateway.url}/auth/{path}" for path in ("session", "login")]
    page.auth = (body["email"], body["password"])
    statuses = [page.post(url, json=body, timeout=10).status_code for url in urls * 5]
    assert statuses == [401] * 10
    assert_problem(page.post(urls[0], json=body, timeout=10), 429)
