"""A user's webhook: set, shown, tested, deleted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pymongo.database import Database
from werkzeug import Request, Response

from functions.shared.mongo import Document
from scripts.local.supervision import Supervisor
from tests.support.callers import Caller
from tests.support.problems import assert_problem
from tests.support.receiver import Receiver
from tests.support.stacks import Server
from tests.support.waiting import eventually
from tests.support.web import Answer, WebServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server on an address of this machine that no webhook may reach, and the requests that it got."""
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.url)
        return Answer()

    server = WebServer(answer)
    yield server.url, asked
    server.close()


def put(caller: Caller, **body: object) -> requests.Response:
    return caller.call("PUT", "/webhook", json=body)


def test_webhook_is_set_and_shown(caller: Caller, stranger: Caller, receiver: Receiver) -> None:
    """With a secret that is shown once, to its owner alone."""
    answer = put(caller, url=receiver.url)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.json()
    assert made.pop("secret").startswith("whsec_")
    assert caller.call("GET", "/webhook").json() == made
    assert made.keys() == {"url", "set", "off", "failing_since"}
    assert (made["url"], made["off"], made["failing_since"]) == (receiver.url, None, None)
    assert_problem(stranger.call("GET", "/webhook"), 404)


def test_secret_stays_until_another_is_given(caller: Caller, receiver: Receiver) -> None:
    first = put(caller, url=receiver.url).json()["secret"]
    assert put(caller, url=f"{receiver.url}/other").json()["secret"] == first
    assert put(caller, url=receiver.url, secret=SECRET).json()["secret"] == SECRET
    assert put(caller, url=receiver.url, secret=None).json()["secret"] == SECRET


def test_webhook_is_deleted(caller: Caller, receiver: Receiver) -> None:
    put(caller, url=receiver.url)
    for _ in range(2):
        assert caller.call("DELETE", "/webhook").status_code == 204
    assert_problem(caller.call("GET", "/webhook"), 404)
    assert_problem(caller.call("POST", "/webhook/test"), 404)


def test_test_message_arrives(caller: Caller, receiver: Receiver) -> None:
    """Signed as all messages are."""
    secret = put(caller, url=receiver.url).json()["secret"]
    answer = caller.call("POST", "/webhook/test")
    assert answer.json() == {"accepted": True, "status": 204, "error": None}
    (message,) = receiver.verified(secret)
    assert (message["type"], message["data"]) == ("video2mp3.webhook.tested.v1", {"test": True})


def test_test_says_why_it_failed(caller: Caller, receiver: Receiver) -> None:
    """And does not count as a failure of the webhook."""
    put(caller, url=receiver.url)
    receiver.status = 500
    assert caller.call("POST", "/webhook/test").json() == {"accepted": False, "status": 500, "error": None}
    assert caller.call("GET", "/webhook").json()["failing_since"] is None


def test_second_test_within_ten_seconds_is_429(caller: Caller, stranger: Caller, receiver: Receiver) -> None:
    """For the same user; with Retry-After."""
    for person in (caller, stranger):
        put(person, url=receiver.url)
        assert person.call("POST", "/webhook/test").status_code == 200
    answer = caller.call("POST", "/webhook/test")
    assert_problem(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0
    assert len(receiver.received) == 2


def test_hostile_url_is_422_and_reaches_nobody(caller: Caller, canary: tuple[str, list[str]]) -> None:
    """Other addresses of this machine, numbers and names for it; the table of all is in the unit tests of targets."""
    url, asked = canary
    port = url.rpartition(":")[2]
    hosts = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
    for host in [*hosts, "user@127.0.0.1", "127.0.0.9@127.0.0.1", "[64:ff9b::7f00:1]"]:
        for scheme in ("http", "https"):
            answer = put(caller, url=f"{scheme}://{host}:{port}/")
            assert_problem(answer, 422)
            assert_problem(caller.call("POST", "/webhook/test"), 404)
    assert asked == []


def test_address_is_checked_at_each_attempt(
    caller: Caller, database: Database[Document], receiver: Receiver, canary: tuple[str, list[str]]
) -> None:
    """A URL that was allowed once is not called when it leads elsewhere now."""
    put(caller, url=receiver.url)
    database["webhooks"].update_one({"_id": caller.user}, {"$set": {"url": canary[0]}})
    answer = caller.call("POST", "/webhook/test")
    assert answer.json() == {"accepted": False, "status": None, "error": "target"}
    assert canary[1] == []


def test_redirect_to_a_closed_address_is_not_followed(
    caller: Caller, receiver: Receiver, canary: tuple[str, list[str]]
) -> None:
    put(caller, url=receiver.url)
    receiver.status, receiver.headers = 307, {"Location": canary[0]}
    assert caller.call("POST", "/webhook/test").json() == {"accepted": False, "status": 307, "error": None}
    assert canary[1] == []


@pytest.mark.parametrize("secret", ["", "short", "whsec_", "whsec_AAAA", SECRET[6:]])
def test_malformed_secret_is_422(caller: Caller, receiver: Receiver, secret: str) -> None:
    assert_problem(put(caller, url=receiver.url, secret=secret), 422)
    assert_problem(caller.call("GET", "/webhook"), 404)


@pytest.mark.parametrize(
    "body", ["", "[]", "x", '{"url": 1}', '{"secret": "x"}', '{"url": "https://x.example", "secret": 1}']
)
def test_other_body_is_400(caller: Caller, body: str) -> None:
    assert_problem(caller.call("PUT", "/webhook", data=body), 400)


def test_token_is_required(webhook: str) -> None:
    for method, path in (("PUT", ""), ("GET", ""), ("DELETE", ""), ("POST", "/test")):
        assert_problem(requests.request(method, f"{webhook}/webhook{path}", timeout=60), 401)
    assert_problem(requests.get(webhook, timeout=60), 401)


def test_mongodb_away_is_503(caller: Caller, mongodb: Server, receiver: Receiver) -> None:
    mongodb.stop()
    try:
        answer = put(caller, url=receiver.url)
    finally:
        mongodb.start()
    assert_problem(answer, 503)


def test_secret_is_in_no_log(caller: Caller, receiver: Receiver, supervisor: Supervisor) -> None:
    secret = put(caller, url=receiver.url).json()["secret"]
    caller.call("POST", "/webhook/test")

    def logged() -> str:
        return "".join(file.read_text() for file in Path(supervisor.log).glob("webhook-*"))

    eventually(lambda: caller.user in logged(), 10, "the audit line")
    assert secret.removeprefix("whsec_") not in logged()
    assert json.dumps(receiver.url) not in logged()
