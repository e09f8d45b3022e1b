"""What is no token of ours opens no door."""

from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.journey.authorization.asking import send
from tests.support.forgery import HOSTILE, UNSPEAKABLE, Bait, Forger
from tests.support.people import People
from tests.support.problems import assert_problem
from tests.support.stacks import RunningStack


@pytest.fixture(scope="module")
def forger(people: People, bait: Bait) -> Forger:
    return people.forger(people.newcomer(), bait.url)


@pytest.fixture
def doors(stack: RunningStack) -> list[tuple[str, str, str]]:
    """One of each that checks: the gateway, by auth's word, and the two functions that verify for themselves."""
    upload, download = stack.functions["upload"], stack.functions["download"]
    return [(stack.url, "GET", "/jobs"), (upload, "PUT", "/upload?name=a"), (download, "GET", "/jobs")]


def test_valid_token_is_accepted_everywhere(doors: list[tuple[str, str, str]], forger: Forger) -> None:
    """What the hostile ones are made of is good."""
    statuses = [
        send(*door, forger.good(), data=b"video" if "upload" in door[2] else None).status_code for door in doors
    ]
    assert statuses == [200, 202, 200]


@pytest.mark.parametrize("name", HOSTILE)
def test_forged_token_is_rejected_everywhere(
    doors: list[tuple[str, str, str]], forger: Forger, bait: Bait, name: str
) -> None:
    """Each is 401 at the gateway and at the functions behind it, and no address in it is followed."""
    token = HOSTILE[name](forger)
    for door in doors:
        assert_problem(send(*door, token), 401)
    assert not bait.taken()


@pytest.mark.parametrize(("name", "at_gateway", "at_function"), [("a megabyte", 431, 431), ("NUL", 400, 400)])
def test_impossible_header_is_rejected(
    doors: list[tuple[str, str, str]], forger: Forger, name: str, at_gateway: int, at_function: int
) -> None:
    """A header that is too long is 431 and one with a NUL 400, before any token is checked."""
    token = UNSPEAKABLE[name](forger)
    assert [send(*door, token).status_code for door in doors] == [at_gateway, at_function, at_function]


def test_two_tokens_are_rejected(doors: list[tuple[str, str, str]], forger: Forger) -> None:
    """Two headers with a good token each are no HTTP to the gateway and no token to the functions."""
    statuses = []
    for url, method, path in doors:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.putrequest(method, path)
        for _ in range(2):
            connection.putheader("Authorization", f"Bearer {forger.good()}")
        connection.endheaders()
        statuses.append(connection.getresponse().status)
        connection.close()
    assert statuses == [400, 401, 401]


def test_token_in_the_query_is_ignored(doors: list[tuple[str, str, str]], forger: Forger) -> None:
    """A good token in the address is not looked at."""
    query = {"token": forger.good(), "access_token": forger.good(), "authorization": f"Bearer {forger.good()}"}
    assert [send(*door, None, params=query).status_code for door in doors] == [401, 401, 401]
