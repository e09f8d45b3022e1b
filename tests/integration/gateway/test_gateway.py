"""What the gateway passes on, rejects and answers itself."""

import json
import socket
from contextlib import ExitStack
from http.client import HTTPResponse
from itertools import takewhile
from pathlib import Path

import pytest
import requests

from tests.integration.gateway.nginx import Gateway
from tests.integration.gateway.upstream import Upstream
from tests.support.auth import PASSWORD, Client
from tests.support.person import From
from tests.support.problems import assert_problem
from tests.support.waiting import eventually

GUARDED = [
    ("POST", "/upload"),
    ("PUT", "/upload?name=a"),
    ("POST", "/uploads"),
    ("PATCH", "/uploads/1"),
    ("POST", "/jobs/1/again"),
    ("GET", "/jobs"),
    ("DELETE", "/jobs/200"),
    ("GET", "/download/1"),
    ("GET", "/download.zip"),
    ("GET", "/feed"),
]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _assert_refused(gateway: Gateway, request: bytes, status: int) -> None:
    """Check that bytes which no client library sends are answered by a problem with that status."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(request)
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert json.loads(answer.read())["status"] == status


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer none.of.ours"}, {"Authorization": "Basic YTpi"}])
def test_request_without_valid_token_reaches_no_function(
    gateway: Gateway, upstream: Upstream, method: str, path: str, headers: dict[str, str]
) -> None:
    """Upload, jobs and download answer 401 with a challenge, and no request reaches the functions."""
    answer = requests.request(method, gateway.url + path, headers=headers, data=bytes(300_000 if "up" in path else 0))
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="video2mp3"'
    assert upstream.asked == []


def test_large_upload_without_token_is_rejected_at_once(gateway: Gateway) -> None:
    """The rejection precedes the body: a client that announced 4 GiB gets it without sending any."""
    head = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 4294967296\r\nExpect: 100-continue\r\n\r\n"
    _assert_refused(gateway, head, 401)


@pytest.mark.parametrize(("method", "path"), GUARDED[5:])
def test_valid_token_passes_with_the_request(
    gateway: Gateway, upstream: Upstream, token: str, method: str, path: str
) -> None:
    """The function gets the request unchanged, under its own host name, with the token to check again."""
    answer = requests.request(method, f"{gateway.url}{path}?page=2", headers={**_bearer(token), "Range": "bytes=1-"})
    assert answer.status_code == 200
    (asked,) = upstream.asked
    assert (asked.method, asked.target, asked.protocol) == (method, f"{path}?page=2", "HTTP/1.1")
    assert asked.headers["Host"] == upstream.host
    assert asked.headers["Authorization"] == f"Bearer {token}"
    assert asked.headers["Range"] == "bytes=1-"


@pytest.mark.parametrize("path", ["/d/of-a-link", "/d/of-a-link/chapters", "/feed/of-a-user.xml"])
def test_signed_link_and_feed_pass_without_a_token(gateway: Gateway, upstream: Upstream, path: str) -> None:
    """They are their own permission; headers and conditions pass too."""
    assert requests.get(gateway.url + path, headers={"Range": "bytes=1-"}).status_code == 200
    (asked,) = upstream.asked
    assert (asked.method, asked.target, asked.headers["Range"]) == ("GET", path, "bytes=1-")
    assert "X-Gateway-Password" in asked.headers


def test_no_client_can_claim_that_an_account_is_deleted(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """Only auth may send this header to download."""
    headers = {**_bearer(token), "Account-Deletion": "true"}
    assert requests.delete(f"{gateway.url}/jobs", headers=headers).status_code == 200
    (asked,) = upstream.asked
    assert "Account-Deletion" not in asked.headers


def test_logged_out_token_is_rejected_at_once(gateway: Gateway, auth: Client) -> None:
    """A session ends at the gateway with its logout, through the gateway too."""
    token = auth.token(auth.newcomer())
    assert requests.get(f"{gateway.url}/jobs", headers=_bearer(token)).status_code == 200
    assert requests.post(f"{gateway.url}/auth/logout", headers=_bearer(token)).status_code == 204
    assert_problem(requests.get(f"{gateway.url}/jobs", headers=_bearer(token)), 401)


def test_upload_is_streamed(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """The function has the first bytes of a body before the client has sent the others."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        head = f"POST /upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 2000000\r\n\r\n"
        connection.sendall(head.encode() + bytes(1_000_000))
        eventually(lambda: upstream.received == 1_000_000, every=0.02)
        connection.sendall(bytes(1_000_000))
        assert connection.recv(65536).startswith(b"HTTP/1.1 202 ")


def test_another_job_is_asked_of_upload(tmp_path: Path, auth: Client, token: str, upstream: Upstream) -> None:
    """With its query and body; all else under `/jobs` is download's."""
    with ExitStack() as stops:
        upload = Upstream()
        stops.callback(upload.stop)
        gateway = Gateway(tmp_path, auth.url, upload.url, upstream.url)
        stops.callback(gateway.stop)
        paths = ["/jobs/1/again?quality=0", "/jobs/1/again/", "/jobs/1/2/again", "/jobs/again"]
        for path in paths:
            answer = requests.post(gateway.url + path, b"start=1", headers=_bearer(token), timeout=10)
            assert answer.status_code == 202
    assert ([asked.target for asked in upload.asked], upload.received) == (paths[:1], 7)
    assert [asked.target for asked in upstream.asked] == paths[1:]


def test_client_disconnect_ends_the_upload(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """The connection to the function ends as soon as the client's connection does."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        head = f"POST /upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 2000000\r\n\r\n"
        connection.sendall(head.encode() + bytes(1_000_000))
        eventually(lambda: upstream.received == 1_000_000, every=0.02)
    assert upstream.cut.wait(10)


def test_download_is_streamed(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """The client has the first bytes of a download before the function has sent the others."""
    answer = requests.get(f"{gateway.url}/download/slowly", headers=_bearer(token), stream=True, timeout=10)
    assert answer.raw.read(10) == b"first half"
    upstream.go.set()
    assert answer.raw.read(10) == b"other half"


def test_head_has_length_and_no_body(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """The gateway forwards HEAD as HEAD."""
    answer = requests.head(f"{gateway.url}/download/1", headers=_bearer(token))
    assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "6", b"")
    assert upstream.asked[0].method == "HEAD"


@pytest.mark.parametrize(
    ("path", "length"),
    [
        ("/upload", 4097 * 1024**2 + 1),
        ("/uploads", 4097 * 1024**2 + 1),
        ("/jobs", 65537),
        ("/jobs/1/again", 65537),
        ("/download/1", 65537),
        ("/auth/register", 65537),
    ],
)
def test_oversized_body_is_rejected_by_its_announced_length(
    gateway: Gateway, upstream: Upstream, token: str, path: str, length: int
) -> None:
    """More than 4 GiB and 1 MiB for an upload, or 64 KiB elsewhere, answers 413 by the announced length."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n"
    _assert_refused(gateway, head.encode(), 413)
    assert upstream.asked == []


def test_largest_upload_passes(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """The largest upload reaches the function."""
    head = (
        f"POST /upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {4097 * 1024**2}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"x")
        eventually(lambda: upstream.received == 1, every=0.02)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 422, 429, 500, 502, 503, 504])
def test_functions_own_problem_passes_unchanged(gateway: Gateway, token: str, status: int) -> None:
    """Status, body and Retry-After are the function's, also for a status that the gateway answers itself."""
    answer = requests.get(f"{gateway.url}/jobs/{status}", headers=_bearer(token))
    assert (answer.status_code, answer.content) == (status, b'{"title": "mine"}')
    if status == 503:
        assert answer.headers["Retry-After"] == "77"


def test_unavailable_function_is_a_503_problem(tmp_path: Path, auth: Client, unused_address: str, token: str) -> None:
    """Without a listener at the function's address the answer is 503 with Retry-After."""
    gateway = Gateway(tmp_path, auth.url, unused_address, unused_address)
    try:
        for method, path in GUARDED:
            answer = requests.request(method, gateway.url + path, headers=_bearer(token), timeout=10)
            assert_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) > 0
    finally:
        gateway.stop()


def test_unavailable_auth_is_503_and_no_request_passes(
    tmp_path: Path, upstream: Upstream, unused_address: str, token: str
) -> None:
    """Without auth every guarded route and auth's own routes answer 503 with Retry-After, and no function is called."""
    gateway = Gateway(tmp_path, unused_address, upstream.url, upstream.url)
    try:
        for method, path in [*GUARDED, ("POST", "/auth/login"), ("GET", "/auth/keys")]:
            answer = requests.request(method, gateway.url + path, headers=_bearer(token), timeout=10)
            assert_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) > 0
        assert upstream.asked == []
    finally:
        gateway.stop()


def test_eleventh_login_within_a_minute_is_429(gateway: Gateway, auth: Client) -> None:
    """Ten logins of an address are answered, the eleventh is 429 with Retry-After; other routes and addresses work."""
    person = auth.newcomer()
    through = Client(gateway.url)
    assert [through.login(person.email, PASSWORD).status_code for _ in range(10)] == [200] * 10
    answer = through.login(person.email, PASSWORD)
    assert_problem(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0
    assert through.register("after.the.limit@example.com", PASSWORD).status_code == 201
    with socket.create_connection(("127.0.0.1", gateway.port), 10, ("127.0.0.2", 0)) as elsewhere:
        elsewhere.sendall(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert elsewhere.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_seventeenth_upload_of_an_address_is_429(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """The seventeenth is 429 with Retry-After; other requests of that address and uploads of others still work."""
    head = (
        f"POST /upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 1000\r\n\r\nx".encode()
    )
    with ExitStack() as connections:

        def begin(address: str) -> socket.socket:
            connection = socket.create_connection(("127.0.0.1", gateway.port), 10, (address, 0))
            connections.enter_context(connection).sendall(head)
            return connection

        for _ in range(16):
            begin("127.0.0.3")
        eventually(lambda: len(upstream.asked) == 16, every=0.02)
        refused = HTTPResponse(begin("127.0.0.3"))
        refused.begin()
        assert (refused.status, int(refused.headers["Retry-After"]) > 0) == (429, True)
        begin("127.0.0.4")
        eventually(lambda: len(upstream.asked) == 17, every=0.02)
        assert requests.get(f"{gateway.url}/jobs", headers=_bearer(token), timeout=10).status_code == 200


def test_seventeenth_download_of_an_address_is_429(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """The seventeenth is 429 with Retry-After, by a signed link too; the address still lists its jobs.

    Other addresses download.
    """
    head = f"GET /download/slowly HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    with ExitStack() as connections:

        def begin(address: str, head: bytes = head) -> HTTPResponse:
            connection = socket.create_connection(("127.0.0.1", gateway.port), 10, (address, 0))
            connections.enter_context(connection).sendall(head)
            answer = HTTPResponse(connection)
            answer.begin()
            return answer

        assert [begin("127.0.0.3").status for _ in range(16)] == [200] * 16
        refused = begin("127.0.0.3")
        assert (refused.status, int(refused.headers["Retry-After"]) > 0) == (429, True)
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert begin("127.0.0.3", head.replace(b"/download/slowly", b"/d/of-a-link")).status == 429
        assert begin("127.0.0.3", head.replace(b"/download/slowly", b"/jobs")).status == 200
        assert begin("127.0.0.4").status == 200
        upstream.go.set()


def test_registration_is_rate_limited(gateway: Gateway) -> None:
    """Thirty-one requests at once are answered; at most nine more precede a 429."""
    statuses = [requests.post(f"{gateway.url}/auth/register", b"{}").status_code for _ in range(40)]
    assert set(statuses[:31]) == {400}
    assert 429 in statuses


@pytest.mark.parametrize(
    ("address", "path"),
    [("127.0.1.1", "/d/of-a-link"), ("127.0.1.2", "/d/of-a-link/chapters"), ("127.0.1.3", "/feed/of-somebody.xml")],
)
def test_links_of_an_address_are_rate_limited(gateway: Gateway, token: str, address: str, path: str) -> None:
    """A hundred at once are answered, then 429 with Retry-After; other addresses and routes are not concerned."""
    with requests.Session() as http:
        http.mount("http://", From(address))
        answers = (http.get(gateway.url + path, timeout=10) for _ in range(300))
        passed = list(takewhile(lambda answer: answer.status_code == 200, answers))
        assert len(passed) >= 100
        refused = http.get(gateway.url + path, timeout=10)
        assert_problem(refused, 429)
        assert int(refused.headers["Retry-After"]) > 0
        assert http.get(f"{gateway.url}/jobs", headers=_bearer(token), timeout=10).status_code == 200
    assert requests.get(gateway.url + path, timeout=10).status_code == 200


def test_auths_challenge_passes(gateway: Gateway) -> None:
    """A wrong login gets auth's Basic challenge only."""
    answer = Client(gateway.url).login("nobody@example.com", "not the password")
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="video2mp3", charset="UTF-8"'


def test_root_lists_the_routes(gateway: Gateway) -> None:
    """GET / is a small JSON index, which links to the API's description."""
    answer = requests.get(gateway.url)
    assert answer.json()["upload"] == "POST /upload"
    assert requests.get(gateway.url + answer.links["service-desc"]["url"]).json()["openapi"].startswith("3.1.")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", "GET, HEAD"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
        ("TRACE", "/jobs?limit=1", "GET, HEAD, DELETE"),
        ("TRACE", "/jobs/1", "GET, HEAD, DELETE"),
        ("TRACE", "/auth/login", "POST"),
    ],
)
def test_gateways_405_lists_the_allowed_methods(gateway: Gateway, method: str, path: str, allowed: str) -> None:
    """The gateway's own 405 lists the path's methods in `Allow`."""
    answer = requests.request(method, gateway.url + path)
    assert_problem(answer, 405)
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/nothing", "/uploadx", "/uploadsx", "/jobsx", "/.verify", "/.problem", "/auth-x", "/jobs/%0A"]
)
def test_unknown_path_is_404(gateway: Gateway, token: str, path: str) -> None:
    """An unknown or internal path answers 404, with a token too."""
    assert_problem(requests.get(gateway.url + path, headers=_bearer(token)), 404)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /x y z\r\n\r\n", 400),
        (b"GET /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400),
        (b"GET /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"a" * 1_000_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"POST /jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400),
    ],
)
def test_malformed_http_is_a_problem(gateway: Gateway, request_: bytes, status: int) -> None:
    """Rejections by NGINX itself are application/problem+json."""
    _assert_refused(gateway, request_, status)


@pytest.mark.parametrize("path", ["/", "/nothing", "/jobs", "/jobs/200", "/jobs/503", "/auth/keys", "/auth/nothing"])
def test_every_answer_is_hardened_and_hides_the_version(gateway: Gateway, token: str, path: str) -> None:
    """Answers of the gateway and of functions carry each header once, and no version."""
    answer = requests.get(gateway.url + path, headers=_bearer(token) if "/jobs/" in path else {})
    assert answer.headers["Server"] == "nginx"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_gateway_log_contains_no_secret(gateway: Gateway, token: str) -> None:
    """Each request is one JSON line without query, credentials and body."""
    requests.get(f"{gateway.url}/jobs/429?token=of-the-query", headers=_bearer(token))
    Client(gateway.url).login("somebody@example.com", "the-password")
    eventually(lambda: "/auth/login" in gateway.log(), every=0.02)
    lines = [json.loads(line) for line in gateway.log().splitlines()]
    assert [(line["asked"], line["status"]) for line in lines] == [("GET /jobs/429", 429), ("POST /auth/login", 401)]
    for secret in ("of-the-query", token, "the-password", "somebody"):
        assert secret not in gateway.log()


@pytest.mark.parametrize(
    "path", ["/d/{}", "/d/{}/x", "//d/{}", "/x/../d/{}", "/%64/{}", "/d%2f{}", "/feed/{}.xml", "/nothing/{}"]
)
def test_token_of_a_link_is_in_no_log(tmp_path: Path, auth: Client, unused_address: str, token: str, path: str) -> None:
    """However its address is spelled, and though download does not answer."""
    link = "AAECAwQFBgcICQoLAAAAAGkqAAA.7pRkZjV2uHq1vVb0kE-Yw3nJ5cS8dF6gH9tL2mX4aQe"
    gateway = Gateway(tmp_path, auth.url, unused_address, unused_address)
    try:
        request = f"GET {path.format(link)}?a=b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
            connection.sendall(request.encode())
            assert connection.recv(65536)
        eventually(lambda: '*","status"' in gateway.log(), every=0.02)
        assert link[:-1] not in gateway.log()
        assert link.split(".")[1][:20] not in gateway.log()
    finally:
        gateway.stop()
