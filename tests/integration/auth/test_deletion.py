"""Deleting an account: its files first."""

import pytest

from tests.support.auth import Client
from tests.support.downloads import Downloads
from tests.support.problems import assert_problem


def test_an_account_goes_after_its_jobs(auth: Client, downloads: Downloads) -> None:
    """DELETE /jobs is asked of download with the caller's own token while the account is whole, then all is gone."""
    person = auth.newcomer()
    token, other = auth.token(person), auth.token(person)
    seen = []
    downloads.on_delete = lambda: seen.append(auth.verify(token))
    assert auth.call("DELETE", "account", token).status_code == 204
    assert downloads.asked == [("DELETE", "/jobs", f"Bearer {token}")]
    assert seen == [204]
    assert [auth.verify(each) for each in (token, other)] == [401, 401]
    assert_problem(auth.login(person.email, person.password), 401)


def test_a_deleted_address_can_register_again(auth: Client, downloads: Downloads) -> None:
    """The address of a deleted account is free, and its old tokens stay dead."""
    person = auth.newcomer()
    token = auth.token(person)
    auth.call("DELETE", "account", token)
    assert auth.register(person.email, person.password).status_code == 201
    assert auth.verify(token) == 401


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401, 404, 500, 503])
def test_an_account_stays_whole_when_its_jobs_cannot_go(auth: Client, downloads: Downloads, status: int) -> None:
    """Any answer of download's but a success means 503 with Retry-After, and session and account live.

    A redirection is not followed: the token is download's alone to see.
    """
    person = auth.newcomer()
    token = auth.token(person)
    downloads.status = status
    answer = auth.call("DELETE", "account", token)
    assert_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert [path for _, path, _ in downloads.asked] == ["/jobs"]
    assert auth.verify(token) == 204
    assert auth.login(person.email, person.password).status_code == 200


def test_an_account_stays_whole_when_download_is_away(auth: Client, downloads: Downloads) -> None:
    """Nobody listening at download's address means 503, and a later try succeeds."""
    person = auth.newcomer()
    token = auth.token(person)
    with downloads.away():
        assert_problem(auth.call("DELETE", "account", token), 503)
    assert auth.verify(token) == 204
    assert auth.call("DELETE", "account", token).status_code == 204


def test_an_ended_session_deletes_nothing(auth: Client, downloads: Downloads) -> None:
    """A token that is logged out answers 401, and download is not asked."""
    token = auth.token(auth.newcomer())
    auth.call("POST", "logout", token)
    assert_problem(auth.call("DELETE", "account", token), 401)
    assert downloads.asked == []
