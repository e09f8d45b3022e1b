"""Verified addresses: accounts and new passwords by letter, which the outbox holds until notify sends it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import uuid4

import jwt
import pytest
import requests
from pymysql.cursors import Cursor

from functions.auth.accounts import Accounts
from functions.auth.errors import TooManyAttempts
from functions.auth.passwords import Passwords
from functions.auth.proofs import MAX_CODE_TRIES, Proofs
from functions.auth.throttle import HASHES, LETTERS, LETTERS_TO, Throttle
from functions.shared.letters import Kind, Letters
from functions.shared.mysql import Database
from tests.support.auth import OWN_PAGE, PASSWORD, Client, through_gateway
from tests.support.ingress import Ingress
from tests.support.problems import assert_problem, without_ids
from tests.support.stacks import Server, StartFunction
from tests.support.waiting import eventually

NEW = "another good passphrase"


class Written(NamedTuple):
    """A row of the outbox."""

    id: str
    kind: str
    link: str
    code: str
    outcome: str | None


@pytest.fixture(scope="module")
def broker() -> Iterator[Ingress]:
    broker = Ingress()
    yield broker
    broker.close()


@pytest.fixture(scope="module")
def verified(auth_settings: dict[str, str], broker: Ingress, start_function: StartFunction) -> Client:
    """auth where addresses are verified."""
    return Client(start_function("auth", auth_settings | {"REGISTRATION": "verified", "K_SINK": broker.url}))


@pytest.fixture
def rows(mysql: Server) -> Iterator[Cursor]:
    with Database(mysql.url_of("auth")).cursor() as cursor:
        yield cursor


@pytest.fixture
def written(rows: Cursor) -> Callable[[str], list[Written]]:
    """Return a function that reads the letters to an address, the newest first."""

    def read(email: str) -> list[Written]:
        rows.execute("SELECT id, kind, link, code, outcome FROM letters WHERE email = %s ORDER BY due DESC", (email,))
        return [Written(*row) for row in rows.fetchall()]

    return read


Read = Callable[[str], list[Written]]


@pytest.fixture
def email() -> str:
    return f"{uuid4()}@example.com"


def post(auth: Client, path: str, **body: object) -> requests.Response:
    return requests.post(f"{auth.url}/auth/{path}", json=body, headers=through_gateway(auth.address), timeout=20)


def register(auth: Client, email: str, password: str = PASSWORD) -> requests.Response:
    return post(auth, "register", email=email, password=password)


def newcomer(auth: Client, email: str, written: Read, password: str = PASSWORD) -> None:
    """Register the address by its letter."""
    assert register(auth, email, password).status_code == 202
    assert post(auth, "verify-email", secret=written(email)[0].link).status_code == 201


def test_registration_writes_a_letter_and_creates_no_account(verified: Client, email: str, written: Read) -> None:
    """The letter has a link and a code of 8 digits; nobody can log in before one of them has come back."""
    answer = register(verified, email.upper())
    assert (answer.status_code, answer.json()) == (202, {"expires_in": 900})
    (letter,) = written(email)
    assert (letter.kind, len(letter.link), len(letter.code), letter.code.isdecimal()) == ("verify", 43, 8, True)
    assert_problem(verified.login(email, PASSWORD), 401)


@pytest.mark.parametrize("by", ["link", "code"])
def test_letter_verifies_the_address_once(verified: Client, email: str, written: Read, by: str) -> None:
    """201 with the new account, which can log in; link and code are used up then."""
    register(verified, email)
    (letter,) = written(email)
    proof = {"secret": letter.link} if by == "link" else {"email": email.upper(), "code": letter.code}
    answer = post(verified, "verify-email", **proof)
    assert answer.status_code == 201
    assert answer.json()["email"] == email
    assert verified.login(email, PASSWORD).status_code == 200
    assert_problem(post(verified, "verify-email", **proof), 403)


def test_event_has_the_letters_id_alone(verified: Client, email: str, written: Read, broker: Ingress) -> None:
    register(verified, email)
    (letter,) = written(email)
    (event,) = eventually(lambda: [event for event in broker.heard if event["subject"] == letter.id], 10, "the event")
    assert (event["id"], event["type"]) == (f"{letter.id}.requested", "video2mp3.account.mail-requested.v1")
    assert event.data == {"letter": letter.id}


def test_registration_of_a_taken_address_is_answered_the_same(verified: Client, email: str, written: Read) -> None:
    """The owner gets a letter that says so, without link and code; the account stays as it is."""
    fresh = register(verified, email)
    post(verified, "verify-email", secret=written(email)[0].link)
    taken = register(verified, email, NEW)
    assert without_ids(taken) == without_ids(fresh)
    letter = next(letter for letter in written(email) if letter.kind == "taken")
    assert (letter.link, letter.code, letter.outcome) == ("", "", None)
    assert [verified.login(email, password).status_code for password in (PASSWORD, NEW)] == [200, 401]


def test_password_is_that_of_the_letter_that_was_used(verified: Client, email: str, written: Read) -> None:
    """Whoever else asks for the same address cannot choose the password of who reads its mails."""
    register(verified, email)
    (mine,) = written(email)
    register(verified, email, NEW)
    assert post(verified, "verify-email", email=email, code=mine.code).status_code == 201
    assert [verified.login(email, password).status_code for password in (PASSWORD, NEW)] == [200, 401]
    (others,) = (letter for letter in written(email) if letter.id != mine.id)
    assert_problem(post(verified, "verify-email", secret=others.link), 403)
    assert verified.login(email, NEW).status_code == 401


@pytest.mark.parametrize(
    "proof",
    [
        {"secret": ""},
        {"secret": "0" * 43},
        {"secret": "' OR 1=1 --"},
        {"email": "nobody@example.com", "code": "00000000"},
        {"email": "no address", "code": "00000000"},
        {"email": "a@example.com", "code": "x" * 1000},
        {"email": "a@example.com", "code": "\ud800"},
    ],
)
@pytest.mark.parametrize("path", ["verify-email", "reset"])
def test_other_proof_is_refused(verified: Client, path: str, proof: dict[str, str]) -> None:
    assert_problem(post(verified, path, password=NEW, **proof), 403)


@pytest.mark.parametrize(
    "body", [{}, {"email": "a@example.com"}, {"code": "12345678"}, {"secret": 1}, {"secret": None}]
)
@pytest.mark.parametrize("path", ["verify-email", "reset"])
def test_incomplete_proof_is_refused(verified: Client, path: str, body: dict[str, Any]) -> None:
    assert_problem(post(verified, path, password=NEW, **body), 400)


def test_code_can_be_tried_five_times(verified: Client, email: str, written: Read) -> None:
    """Concurrent tries count, too. The link still works."""
    register(verified, email)
    (letter,) = written(email)
    wrong = f"{(int(letter.code) + 1) % 10**8:08}"
    with ThreadPoolExecutor(MAX_CODE_TRIES) as pool:
        tries = pool.map(lambda _: post(verified, "verify-email", email=email, code=wrong), range(MAX_CODE_TRIES))
    assert [answer.status_code for answer in tries] == [403] * MAX_CODE_TRIES
    assert_problem(post(verified, "verify-email", email=email, code=letter.code), 403)
    assert post(verified, "verify-email", secret=letter.link).status_code == 201


@pytest.mark.parametrize("path", ["verify-email", "reset"])
def test_letter_is_good_for_fifteen_minutes(
    verified: Client, email: str, written: Read, rows: Cursor, path: str
) -> None:
    if path == "reset":
        newcomer(verified, email, written)
        post(verified, "forgot", email=email)
    else:
        register(verified, email)
    letter = written(email)[0]
    rows.execute("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), expires) FROM proofs WHERE email = %s", (email,))
    assert 880 <= (rows.fetchone() or (0,))[0] <= 900
    rows.execute("UPDATE proofs SET expires = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE email = %s", (email,))
    for proof in ({"secret": letter.link}, {"email": email, "code": letter.code}):
        assert_problem(post(verified, path, password=NEW, **proof), 403)


@pytest.mark.parametrize("by", ["link", "code"])
def test_proof_of_one_kind_is_none_of_the_other(verified: Client, email: str, written: Read, by: str) -> None:
    """And is not used up by that."""

    def proof() -> dict[str, str]:
        letter = written(email)[0]
        return {"secret": letter.link} if by == "link" else {"email": email, "code": letter.code}

    register(verified, email)
    assert_problem(post(verified, "reset", password=NEW, **proof()), 403)
    assert post(verified, "verify-email", **proof()).status_code == 201
    post(verified, "forgot", email=email)
    assert_problem(post(verified, "verify-email", **proof()), 403)
    assert post(verified, "reset", password=NEW, **proof()).status_code == 204


@pytest.mark.parametrize("by", ["link", "code"])
def test_forgotten_password_is_set_by_letter(verified: Client, email: str, written: Read, by: str) -> None:
    """All sessions and API tokens end; the proof is used up."""
    newcomer(verified, email, written)
    token = verified.login(email, PASSWORD).json()["token"]
    api_token = verified.api_token(token)
    assert post(verified, "forgot", email=email).status_code == 202
    letter = written(email)[0]
    proof = {"secret": letter.link} if by == "link" else {"email": email, "code": letter.code}
    assert post(verified, "reset", password=NEW, **proof).status_code == 204
    assert [verified.verify(each) for each in (token, api_token)] == [401, 401]
    assert [verified.login(email, password).status_code for password in (PASSWORD, NEW)] == [401, 200]
    assert_problem(post(verified, "reset", password=PASSWORD, **proof), 403)


def test_concurrent_tries_of_a_code_count(verified: Client, email: str, written: Read, rows: Cursor) -> None:
    """Of twelve at once, five are compared."""
    register(verified, email)
    wrong = f"{(int(written(email)[0].code) + 1) % 10**8:08}"
    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(post, verified, "verify-email", email=email, code=wrong) for _ in range(12)]
    assert {answer.result().status_code for answer in answers} == {403}
    rows.execute("SELECT tries FROM proofs WHERE email = %s", (email,))
    assert rows.fetchall() == ((MAX_CODE_TRIES,),)


@pytest.mark.parametrize("by", ["another letter", "the old password", "the end of the account"])
def test_letter_ends_with_the_password_that_it_would_replace(
    verified: Client, email: str, written: Read, by: str
) -> None:
    """Whoever finds the letter later sets no password with it, however the password was changed meanwhile."""
    newcomer(verified, email, written)
    token = verified.login(email, PASSWORD).json()["token"]
    for _ in range(2):
        post(verified, "forgot", email=email)
    used, kept = written(email)[:2]
    if by == "another letter":
        changed = post(verified, "reset", secret=used.link, password=NEW)
    elif by == "the old password":
        changed = verified.call("POST", "password", token, {"current": PASSWORD, "new": NEW})
    else:
        changed = verified.call("DELETE", "account", token, {"password": PASSWORD})
        newcomer(verified, email, written)
    assert changed.status_code == 204
    for proof in ({"secret": kept.link}, {"email": email, "code": kept.code}):
        assert_problem(post(verified, "reset", password="a third good passphrase", **proof), 403)


def test_unsuitable_new_password_leaves_the_proof(verified: Client, email: str, written: Read) -> None:
    newcomer(verified, email, written)
    post(verified, "forgot", email=email)
    link = written(email)[0].link
    for password in ("short", "qwerty123456", email):
        assert_problem(post(verified, "reset", secret=link, password=password), 422)
    assert post(verified, "reset", secret=link, password=NEW).status_code == 204


@pytest.mark.parametrize("unknown", ["nobody@example.com", "no address", ""])
def test_forgotten_password_of_an_unknown_address_is_answered_the_same(
    verified: Client, email: str, written: Read, unknown: str
) -> None:
    """202, and no letter is sent."""
    newcomer(verified, email, written)
    known, other = (post(verified, "forgot", email=address) for address in (email, unknown))
    assert known.status_code == 202
    assert without_ids(other) == without_ids(known)
    assert {letter.outcome for letter in written(unknown)} <= {"withheld"}
    assert not [letter for letter in written(unknown) if letter.link or letter.code]


@pytest.mark.parametrize("kind", [Kind.VERIFY, Kind.RESET])
def test_known_and_unknown_addresses_cost_the_same(mysql: Server, email: str, kind: Kind) -> None:
    """The same statements and the same hashes, whose time is all the time that there is: so nobody can measure it."""
    database, hashes = RecordingDatabase(mysql.url_of("auth")), RecordingHashes(1)
    Accounts(Database(mysql.url_of("auth"))).register(email, "x")
    work = []
    for address in (email, f"{uuid4()}@example.com"):
        database.statements.clear()
        hashes.count = 0
        Proofs(database, hashes).request(kind, address, "hash")
        work.append((list(database.statements), hashes.count))
    assert work[0] == work[1]
    assert len(work[0][0]) == 3
    assert work[0][1] == 1


class RecordingHashes(Passwords):
    count = 0

    def hash(self, password: str) -> str:
        self.count += 1
        return super().hash(password)


class RecordingDatabase(Database):
    """Keeps the texts of all statements."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.statements: list[str] = []

    def _connect(self) -> Any:
        statements = self.statements

        class Recording(Cursor):
            def execute(self, query: str, args: object = None) -> int:
                statements.append(query)
                return super().execute(query, args)

        connection = super()._connect()
        connection.cursorclass = Recording
        return connection


def test_address_gets_few_letters(verified: Client, email: str, written: Read) -> None:
    """By whomever they are asked for, and whoever asks is answered as always."""
    newcomer(verified, email, written)
    answers = [post(verified, "forgot", email=email) for _ in range(LETTERS_TO.burst + 3)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({str(without_ids(answer)) for answer in answers}) == 1
    assert len(written(email)) == LETTERS_TO.burst


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("register", {"email": "a@example.com", "password": PASSWORD}),
        ("forgot", {"email": "a@example.com"}),
        ("verify-email", {"secret": "x" * 43}),
        ("verify-email", {"email": "a@example.com", "code": "01234567"}),
        ("reset", {"secret": "x" * 43, "password": NEW}),
    ],
)
def test_client_that_costs_too_many_hashes_is_429(
    verified: Client, mysql: Server, path: str, body: dict[str, str]
) -> None:
    """By all these routes together."""
    client, throttle = through_gateway(), Throttle(Database(mysql.url_of("auth")))
    with suppress(TooManyAttempts):
        for _ in range(HASHES.burst + 1):
            throttle.take(HASHES, client["X-Client-Address"])
    assert_problem(requests.post(f"{verified.url}/auth/{path}", json=body, headers=client, timeout=20), 429)


def test_client_gets_few_letters(verified: Client) -> None:
    """To whatever addresses: 429 then."""
    at = Client(verified.url, str(uuid4()))
    statuses = [post(at, "forgot", email=f"{uuid4()}@example.com").status_code for _ in range(LETTERS.burst + 2)]
    assert statuses == [202] * LETTERS.burst + [429] * 2


def test_store_has_hashes_alone_once_the_letter_is_sent(
    verified: Client, email: str, written: Read, mysql: Server, rows: Cursor
) -> None:
    register(verified, email)
    (letter,) = written(email)
    outbox = Letters(Database(mysql.url_of("notify")))
    claimed = outbox.claim(letter.id)
    assert claimed
    assert (claimed.link, claimed.code) == (letter.link, letter.code)
    outbox.settle(claimed, "sent")
    for table in ("letters", "proofs", "users", "sessions"):
        rows.execute(f"SELECT * FROM {table}")
        said = repr(rows.fetchall())
        assert letter.link not in said
        assert f"'{letter.code}'" not in said


def test_account_that_is_not_verified_cannot_log_in(auth: Client, verified: Client, written: Read) -> None:
    """One of a time when registration was open: the right password is 403, until a letter has verified the address."""
    person = auth.newcomer()
    body = {"email": person.email, "password": PASSWORD}
    assert_problem(verified.login(person.email, PASSWORD), 403)
    assert_problem(verified.send("POST", "session", OWN_PAGE, body), 403)
    assert_problem(verified.login(person.email, "not the password"), 401)
    post(verified, "forgot", email=person.email)
    assert post(verified, "reset", secret=written(person.email)[0].link, password=NEW).status_code == 204
    assert verified.login(person.email, NEW).status_code == 200


def test_closed_registration_is_403(auth_settings: dict[str, str], start_function: StartFunction, email: str) -> None:
    """Logins and new passwords work as ever."""
    closed = Client(start_function("auth", auth_settings | {"REGISTRATION": "closed"}))
    answer = register(closed, email)
    assert_problem(answer, 403)
    assert "closed" in answer.json()["detail"]
    assert post(closed, "forgot", email=email).status_code == 202


def test_letter_waits_if_the_broker_is_away(verified: Client, email: str, written: Read, broker: Ingress) -> None:
    """The answer is the same: sweep publishes the letter later."""
    with broker.refusing():
        assert register(verified, email).status_code == 202
        eventually(lambda: written(email) and broker.heard[-1]["subject"] == written(email)[0].id, 10, "the event")
    assert [letter.outcome for letter in written(email)] == [None]


def test_token_says_that_the_address_is_verified(auth: Client, verified: Client, email: str, written: Read) -> None:
    """Mails to a verified address say more."""
    newcomer(verified, email, written)
    tokens = [verified.login(email, PASSWORD).json()["token"], auth.token(auth.newcomer())]
    assert [claims(token)["email_verified"] for token in tokens] == [True, False]


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))
