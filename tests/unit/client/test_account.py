"""Logging in and out, and API tokens, against a stand-in for the service."""

import io
import json
import stat
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from scripts.client import config
from tests.unit.client.conftest import Run
from tests.unit.client.fake import PASSWORD, TOKEN, FakeService, problem

FILE = Path("../xdg_config_home/video2mp3/login.json")


class InMemory(KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is the first line of standard input, as often as it is asked for."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n" * 5))


@pytest.fixture
def stranger(service: FakeService) -> FakeService:
    """A service that nobody is logged in to."""
    config.forget()
    return service


def test_login_makes_a_token_and_keeps_it_in_a_file_for_its_user_alone(run: Run, stranger: FakeService) -> None:
    ran = run("login", "--url", f"{stranger.url}/", "--email", "me@example.com")
    assert ran.status == 0
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o600
    assert stat.S_IMODE(FILE.parent.stat().st_mode) == 0o700
    assert PASSWORD not in FILE.read_text()
    (token,) = stranger.tokens.values()
    assert token["scope"] == "write"
    assert stranger.calls("POST", "/auth/logout") == 1
    assert run("ls").status == 0


def test_login_with_the_wrong_password_is_refused(
    run: Run, stranger: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong\n"))
    ran = run("login", "--url", stranger.url, "--email", "me@example.com")
    assert (ran.status, ran.err) == (3, "Wrong address or password.\n")
    assert not FILE.exists()


def test_login_of_an_address_that_is_not_verified_is_told_so(run: Run, stranger: FakeService) -> None:
    stranger.faults.append(lambda _request: problem(403, "Verify the address first."))
    ran = run("login", "--url", stranger.url, "--email", "me@example.com")
    assert (ran.status, ran.err) == (3, "Verify the address first.\n")


def test_login_with_a_token_checks_it(run: Run, stranger: FakeService) -> None:
    assert run("login", "--url", stranger.url, "--token", "v2m_wrong").status == 3
    assert run("login", "--url", stranger.url, "--token", TOKEN).status == 0
    assert run("ls").status == 0


@pytest.mark.parametrize("token", ["v2m_a\nb", "v2m_é", "v2m a"])
def test_token_that_cannot_be_one_is_not_sent(token: str, run: Run, stranger: FakeService) -> None:
    ran = run("login", "--url", stranger.url, "--token", token)
    assert (ran.status, ran.err) == (3, "This is no API token, which has letters, digits and signs of ASCII alone.\n")


def test_token_can_come_from_standard_input(run: Run, stranger: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
    assert run("login", "--url", stranger.url, "--token", "-").status == 0


def test_token_is_in_the_keyring_if_there_is_one(run: Run, stranger: FakeService) -> None:
    ring = InMemory()
    keyring.set_keyring(ring)
    assert run("login", "--url", stranger.url, "--email", "me@example.com").status == 0
    assert [*ring.passwords.values()] == [TOKEN]
    assert TOKEN not in FILE.read_text()
    assert run("ls").status == 0
    assert run("logout").status == 0
    assert ring.passwords == {}


@pytest.mark.parametrize("url", ["http://host/path", "ftp://host", "host", "https://user:password@host", "http://a b"])
def test_url_has_nothing_but_a_host_and_a_port(url: str, run: Run) -> None:
    assert run("login", "--url", url, "--token", TOKEN).status == 2


def test_logout_deletes_the_token_there_and_here(
    run: Run, stranger: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no password."""
    run("login", "--url", stranger.url, "--email", "me@example.com")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run("logout").status == 0
    assert not stranger.tokens
    assert not FILE.exists()
    assert run("ls").status == 3


def test_logout_with_a_token_that_has_ended_forgets_it(run: Run, stranger: FakeService) -> None:
    run("login", "--url", stranger.url, "--email", "me@example.com")
    stranger.faults.append(lambda _request: problem(401, "Log in with POST /auth/login."))
    assert run("logout").status == 0
    assert not FILE.exists()


def test_token_that_was_given_to_login_outlives_logout(run: Run, stranger: FakeService) -> None:
    """Whoever made it may use it elsewhere."""
    run("login", "--url", stranger.url, "--token", TOKEN)
    assert run("logout").status == 0
    assert stranger.calls("POST", "/auth/logout") == 0


def test_login_can_be_forgotten_without_the_service(run: Run, stranger: FakeService) -> None:
    run("login", "--url", stranger.url, "--email", "me@example.com")
    stranger.web.close()
    assert run("logout", "--forget").status == 0
    assert not FILE.exists()


def test_token_is_made_listed_and_deleted(run: Run, service: FakeService) -> None:
    assert run("token", "create", "backup", "--scope", "read", "--days", "7").out == f"{TOKEN}\n"
    (token,) = map(json.loads, run("token", "ls", "--json").out.splitlines())
    assert (token["name"], token["scope"]) == ("backup", "read")
    assert "token" not in token
    assert run("token", "rm", token["id"]).status == 0
    assert not service.tokens


def test_token_that_was_made_in_vain_is_not_made_twice(run: Run, service: FakeService) -> None:
    def lose(request: object) -> None:
        if getattr(request, "path", "") == "/auth/tokens":
            raise ConnectionError

    service.faults.append(lose)
    assert run("token", "create", "backup").status == 4
    assert service.calls("POST", "/auth/tokens") == 1


def test_id_of_a_token_is_one_part_of_the_path(run: Run, service: FakeService) -> None:
    assert run("token", "rm", "../account").status == 6
    assert service.calls("DELETE", "/auth/account") == 0


def test_refusal_says_what_to_do(run: Run, service: FakeService) -> None:
    service.faults.append(lambda _request: problem(401, "Log in with POST /auth/login."))
    ran = run("ls")
    assert (ran.status, ran.err) == (3, "The service does not accept the login. Run `video2mp3 login`.\n")
