"""Limits of logins, registrations and wrong passwords at auth's own route, by what addresses."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import requests

from functions.auth.errors import TooManyAttempts
from functions.auth.throttle import FREE_FAILURES, HASHES, LOGINS, Throttle
from functions.shared.mysql import Database
from tests.support.auth import PASSWORD, Client, basic, through_gateway
from tests.support.person import From
from tests.support.problems import assert_problem, without_ids
from tests.support.stacks import Server


def post(auth: Client, path: str, source: str, **options: object) -> requests.Response:
    """Call auth's own route from this address of the machine."""
    with requests.Session() as http:
        http.mount("http://", From(source))
        return http.post(f"{auth.url}/auth/{path}", timeout=60, **options)  # type: ignore[arg-type]


def log_in(auth: Client, source: str, email: str, password: str, **headers: str) -> requests.Response:
    return post(auth, "login", source, headers=basic(email, password) | headers)


def wrong_passwords(auth: Client, email: str, address: str) -> None:
    """Use up the attempts before the first pause, which are fewer than the limit of logins."""
    for _ in range(FREE_FAILURES):
        assert auth.login(email, "not the password", address).status_code == 401


def test_logins_of_an_address_are_limited(auth: Client) -> None:
    """For all accounts together, whatever headers the client sends; another address is not affected."""
    emails = [f"{uuid4()}@example.com" for _ in range(LOGINS.burst + 5)]
    forged = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-Address"]

    def guess(email: str) -> requests.Response:
        headers = dict.fromkeys(forged, f"192.0.2.{emails.index(email)}") | {"X-Gateway-Password": "a guess"}
        return log_in(auth, "127.0.7.1", email, PASSWORD, **headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, emails))
    statuses = [answer.status_code for answer in answers]
    assert LOGINS.burst <= statuses.count(401) <= LOGINS.burst + 2
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert_problem(refused, 429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 7
    assert log_in(auth, "127.0.7.2", emails[0], PASSWORD).status_code == 401


def test_registrations_of_an_address_are_limited(auth: Client) -> None:
    """Registrations, password changes and deletions together."""

    def register(_number: int) -> int:
        account = {"email": f"{uuid4()}@example.com", "password": PASSWORD}
        return post(auth, "register", "127.0.7.3", json=account).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(register, range(HASHES.burst + 15)))
    assert set(statuses) == {201, 429}
    assert HASHES.burst <= statuses.count(201) < HASHES.burst + 15


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_wrong_passwords_slow_an_account_down(auth: Client, known: bool) -> None:  # noqa: FBT001  # a parameter
    """For their client address only, also for the right password, and the same for an unknown account."""
    email, attacker = auth.newcomer().email if known else f"{uuid4()}@example.com", str(uuid4())
    wrong_passwords(auth, email, attacker)
    refused = auth.login(email, PASSWORD, attacker)
    assert_problem(refused, 429)
    assert refused.headers["Retry-After"] == "1"
    assert auth.login(email, PASSWORD).status_code == (200 if known else 401)


def test_each_wrong_password_doubles_the_pause(mysql: Server) -> None:
    """Up to a minute; an attempt during a pause does not extend it."""
    throttle, email, database = Throttle(Database(mysql.url_of("auth"))), str(uuid4()), Database(mysql.url_of("auth"))
    pauses = []
    for attempt in range(FREE_FAILURES + 9):
        throttle.try_password(email, "client")
        if attempt >= FREE_FAILURES - 1:
            for _ in range(2):
                with pytest.raises(TooManyAttempts) as refused:
                    throttle.try_password(email, "client")
            pauses.append(refused.value.seconds)
            with database.cursor() as cursor:  # the pause is over
                cursor.execute(
                    "UPDATE attempts SET due = UTC_TIMESTAMP(6) WHERE due > UTC_TIMESTAMP(6) AND failures > 0"
                )
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_attempt_that_waits_for_a_concurrent_one_is_not_paused(mysql: Server) -> None:
    """Its statement began before the time that the other one has stored; it counts nevertheless."""
    throttle, email, database = Throttle(Database(mysql.url_of("auth"))), str(uuid4()), Database(mysql.url_of("auth"))
    for failures in range(1, FREE_FAILURES + 1):
        throttle.try_password(email, "client")
        with database.cursor() as cursor:
            later = "UPDATE attempts SET due = UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE WHERE failures = %s"
            cursor.execute(later, (failures,))
    with pytest.raises(TooManyAttempts):
        throttle.try_password(email, "client")


def test_right_password_ends_the_slowdown(mysql: Server) -> None:
    """The next wrong passwords are counted from the beginning."""
    throttle, email = Throttle(Database(mysql.url_of("auth"))), str(uuid4())
    for _ in range(3):
        for _ in range(FREE_FAILURES - 1):
            throttle.try_password(email, "client")
        throttle.right_password(email, "client")


def test_concurrent_guesses_are_counted(auth: Client) -> None:
    """Not more than the free attempts are compared, though none has failed yet when the others begin."""
    email, address = auth.newcomer().email, str(uuid4())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: auth.login(email, "not the password", address).status_code, range(20)))
    assert answers.count(401) == FREE_FAILURES


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "password", {"current": "wrong", "new": "another good passphrase"}),
        ("DELETE", "account", {"password": "wrong"}),
    ],
)
def test_stolen_token_cannot_guess_the_password(auth: Client, method: str, path: str, body: object) -> None:
    """Wrong passwords of a password change and of a deletion count as those of a login do."""
    person, address = auth.newcomer(), str(uuid4())
    headers = through_gateway(address) | {"Authorization": f"Bearer {auth.token(person)}"}
    statuses = [
        requests.request(method, f"{auth.url}/auth/{path}", headers=headers, json=body, timeout=20).status_code
        for _ in range(FREE_FAILURES + 1)
    ]
    assert statuses == [403] * FREE_FAILURES + [429]


def test_refusals_do_not_tell_accounts_apart(auth: Client) -> None:
    """Known and unknown accounts get the same 429."""
    answers = []
    for email in (auth.newcomer().email, f"{uuid4()}@example.com"):
        address = str(uuid4())
        wrong_passwords(auth, email, address)
        answers.append(without_ids(auth.login(email, PASSWORD, address)))
    assert answers[0] == answers[1]
