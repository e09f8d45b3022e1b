"""Deleting an account: its jobs first."""

import jwt
import pytest

from tests.support.auth import PASSWORD, Client
from tests.support.downloads import Downloads
from tests.support.problems import assert_problem


def test_account_is_deleted_after_its_jobs(auth: Client, downloads: Downloads) -> None:
    """auth calls DELETE /jobs with a JWT of the session while the account exists, then deletes the account."""
    person = auth.newcomer()
    token, other = auth.token(person), auth.token(person)
    seen = []
    downloads.on_delete = lambda: seen.append(auth.verify(token))
    assert auth.call("DELETE", "account", token, {"password": PASSWORD}).status_code == 204
    ((method, path, authorization),) = downloads.asked
    assert (method, path) == ("DELETE", "/jobs")
    passed, own = (jwt.decode(text, options={"verify_signature": False}) for text in (str(authorization)[7:], token))
    assert [passed[name] for name in ("sub", "email", "jti")] == [own[name] for name in ("sub", "email", "jti")]
    assert passed["exp"] - passed["iat"] == 60
    assert seen == [204]
    assert [auth.verify(each) for each in (token, other)] == [401, 401]
    assert_problem(auth.login(person.email, person.password), 401)


def test_address_of_a_deleted_account_can_register_again(auth: Client, downloads: Downloads) -> None:
    """The old tokens stay invalid."""
    person = auth.newcomer()
    token = auth.token(person)
    auth.call("DELETE", "account", token, {"password": PASSWORD})
    assert auth.register(person.email, person.password).status_code == 201
    assert auth.verify(token) == 401


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401, 404, 500, 503])
def test_account_is_kept_if_its_jobs_cannot_be_deleted(auth: Client, downloads: Downloads, status: int) -> None:
    """Any answer of download but a success means 503 with Retry-After; session and account remain valid.

    A redirect is not followed: only download may see the token.
    """
    person = auth.newcomer()
    token = auth.token(person)
    downloads.status = status
    answer = auth.call("DELETE", "account", token, {"password": PASSWORD})
    assert_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert [path for _, path, _ in downloads.asked] == ["/jobs"]
    assert auth.verify(token) == 204
    assert auth.login(person.email, person.password).status_code == 200


def test_account_is_kept_if_download_does_not_answer(auth: Client, downloads: Downloads) -> None:
    """503, and a later request succeeds."""
    person = auth.newcomer()
    token = auth.token(person)
    with downloads.away():
        assert_problem(auth.call("DELETE", "account", token, {"password": PASSWORD}), 503)
    assert auth.verify(token) == 204
    assert auth.call("DELETE", "account", token, {"password": PASSWORD}).status_code == 204


def test_ended_session_deletes_nothing(auth: Client, downloads: Downloads) -> None:
    """The token of an ended session is 401, and download is not called."""
    token = auth.token(auth.newcomer())
    auth.call("POST", "logout", token)
    assert_problem(auth.call("DELETE", "account", token, {"password": PASSWORD}), 401)
    assert downloads.asked == []


@pytest.mark.parametrize(
    ("body", "status"), [(None, 400), ({"password": "not the password"}, 403), ({"current": "x"}, 400)]
)
def test_deletion_needs_the_password(auth: Client, downloads: Downloads, body: object, status: int) -> None:
    """With a token alone nothing is deleted, and the session remains valid."""
    person = auth.newcomer()
    token = auth.token(person)
    assert_problem(auth.call("DELETE", "account", token, body), status)
    assert (downloads.asked, auth.verify(token)) == ([], 204)
