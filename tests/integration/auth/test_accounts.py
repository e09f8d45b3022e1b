"""Registering, logging in and out, changing a password."""

import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
import requests

from tests.support.auth import PASSWORD, Client
from tests.support.problems import assert_problem


def test_a_new_account_is_answered_with_its_id_and_address(auth: Client) -> None:
    """Registering answers 201 with the id and the address in the spelling that names the account."""
    answer = auth.register(" New.One@Example.COM ", PASSWORD)
    assert answer.status_code == 201
    assert answer.json()["email"] == "new.one@example.com"
    assert len(answer.json()["id"]) == 36


def test_an_address_has_one_account(auth: Client) -> None:
    """Registering an address again, in any spelling, answers 409 and leaves the account as it is."""
    person = auth.newcomer()
    assert_problem(auth.register(person.email.upper(), "another good passphrase"), 409)
    assert auth.login(person.email, person.password).status_code == 200


def test_many_at_once_register_one_account(auth: Client) -> None:
    """Of twelve who register the same address at once, one gets it and the others get 409."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: auth.register("race@example.com", PASSWORD).status_code, range(12)))
    assert sorted(answers) == [201] + [409] * 11


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "@example.com",
        "a@",
        "a@b@example.com",
        "a b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "a\x00@example.com",
        "a@example..com",
        ".a@example.com",
        "é@example.com",
        "\N{KELVIN SIGN}@example.com",
        "a@-example.com",
        "a@" + "b." * 130 + "com",
        "a" * 65 + "@example.com",
        "<a@example.com>",
    ],
)
def test_what_is_no_address_is_refused(auth: Client, email: str) -> None:
    """Registering something that mail cannot be sent to, or not safely, answers 422."""
    assert_problem(auth.register(email, PASSWORD), 422)


@pytest.mark.parametrize(
    "password",
    ["", "elevenchars", "x" * 129, "qwerty123456", "QwErTy123456", "1q2w3e4r5t6y", "passwordpassword", "\ud800" * 12],
)
def test_a_password_that_is_easily_guessed_is_refused(auth: Client, password: str) -> None:
    """Registering with a password that is too short, too long, common or no Unicode answers 422."""
    assert_problem(auth.register("weak@example.com", password), 422)


@pytest.mark.parametrize(
    "password", ["twelve chars", "x7" * 64, "жж пароль из слов", "pass:word: with colons", "nul \0 is a char"]
)
def test_any_other_password_logs_in(auth: Client, password: str) -> None:
    """A password of 12 to 128 characters, whatever they are, registers and logs in."""
    person = auth.newcomer(password)
    assert auth.login(person.email, person.password).status_code == 200


def test_a_password_is_the_same_on_every_keyboard(auth: Client) -> None:
    """An é typed as one character and as two are the same password."""
    person = auth.newcomer("caf\u00e9 au lait, s'il vous pla\u00eet")
    assert auth.login(person.email, "cafe\u0301 au lait, s'il vous plai\u0302t").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"null",
        b'"email"',
        b"[" * 10_000,
        b"\xff\xfe\xfd",
        b'{"email": "a@example.com"}',
        b'{"email": 1, "password": 2}',
        b'{"email": ["a@example.com"], "password": "a good passphrase"}',
        b'{"email": "a@example.com", "password": null}',
    ],
)
def test_a_body_of_another_shape_is_refused(auth: Client, body: bytes) -> None:
    """Registering with anything but an object of two texts answers 400."""
    assert_problem(requests.post(f"{auth.url}/auth/register", body, timeout=20), 400)


@pytest.mark.parametrize("path", ["register", "login", "password", "nothing"])
def test_a_large_body_is_refused(auth: Client, path: str) -> None:
    """A body of more than 16 KiB answers 413, whatever it is meant for."""
    assert_problem(requests.post(f"{auth.url}/auth/{path}", bytes(17_000), timeout=20), 413)


def test_a_token_says_who_and_until_when(auth: Client) -> None:
    """A login's token carries the user, the address, its session and one hour, signed by a key of /auth/keys."""
    answer = auth.register("token@example.com", PASSWORD).json()
    login = auth.login("Token@Example.com", PASSWORD)
    assert login.json()["expires_in"] == 3600
    assert login.headers["Cache-Control"] == "no-store"
    token = login.json()["token"]
    key = jwt.PyJWKClient(f"{auth.url}/auth/keys").get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, ["EdDSA"], audience="video2mp3", issuer="video2mp3/auth")
    assert (claims["sub"], claims["email"]) == (answer["id"], "token@example.com")
    assert claims["exp"] - claims["iat"] == 3600
    assert jwt.get_unverified_header(token)["alg"] == "EdDSA"


def test_the_keys_are_public_and_hold_no_secret(auth: Client) -> None:
    """GET /auth/keys needs no token, may be cached, and gives no private part."""
    answer = requests.get(f"{auth.url}/auth/keys", timeout=20)
    assert answer.headers["Cache-Control"].startswith("public")
    assert all("d" not in key and key["kid"] for key in answer.json()["keys"])


def test_an_unknown_user_and_a_wrong_password_are_told_alike(auth: Client) -> None:
    """The answers differ in nothing but the date."""
    person = auth.newcomer()
    wrong, unknown = auth.login(person.email, "not the password"), auth.login("nobody@example.com", "not the password")
    assert_problem(wrong, 401)
    assert wrong.headers["WWW-Authenticate"] == 'Basic realm="video2mp3", charset="UTF-8"'
    assert (unknown.status_code, unknown.content) == (wrong.status_code, wrong.content)
    assert {**unknown.headers, "Date": ""} == {**wrong.headers, "Date": ""}


@pytest.mark.timeout(600)
def test_an_unknown_user_and_a_wrong_password_take_the_same_time(auth: Client) -> None:
    """The means of the faster halves of some hundred logins each, in pairs of either order, come within 5 %.

    What the machine does besides makes some logins slower, none faster. Where 100 pairs are too few to see through it,
    500 more may follow, which hide no difference: they bring the means nearer to what they are.
    """
    names, pairs = (auth.newcomer().email, "nobody.at.all@example.com"), 0
    seconds: dict[str, list[float]] = {name: [] for name in names}
    apart = 1.0
    while apart >= 0.05 and pairs < 600:
        for _ in range(100):
            for name in random.sample(names, 2):
                start = time.perf_counter()
                auth.login(name, "not the password")
                seconds[name].append(time.perf_counter() - start)
        pairs += 100
        wrong, unknown = (statistics.fmean(sorted(seconds[name])[: pairs // 2]) for name in names)
        apart = abs(wrong - unknown) / wrong
    assert apart < 0.05


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic eA==",
        "Basic /////w==",
        "Bearer abc",
        "Digest username=a",
        "Basic " + "A" * 4000,
    ],
)
def test_a_login_without_name_and_password_is_refused(auth: Client, authorization: str | None) -> None:
    """Anything but HTTP Basic with a name and a password answers 401 and says how to send them."""
    answer = requests.post(f"{auth.url}/auth/login", headers={"Authorization": authorization}, timeout=20)
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "name",
    [
        "{}' OR '1'='1",
        "{}' -- ",
        '{}" OR 1=1 #',
        "{}\x00",
        "a\x00{}",
        "{}\r\nX-Injected: 1",
        "{}\nBcc: b@example.com",
        "%",
        "😀{}",
        "",
    ],
)
def test_a_hostile_name_is_an_unknown_user(auth: Client, name: str) -> None:
    """SQL, NUL, a line break or anything odd around an address is no account, to the byte, whatever the password."""
    person = auth.newcomer()
    answer = auth.login(name.format(person.email), person.password)
    assert_problem(answer, 401)
    assert answer.content == auth.login("nobody@example.com", person.password).content
    assert "X-Injected" not in answer.headers


def test_a_password_of_a_megabyte_is_refused(auth: Client) -> None:
    """A credential that long never reaches the hash: the header or the body alone is too large."""
    person, long = auth.newcomer(), "x" * 1024**2
    assert auth.login(person.email, long).status_code == 431
    assert_problem(auth.register("a.megabyte@example.com", long), 413)
    body = {"current": person.password, "new": long}
    assert_problem(auth.call("POST", "password", auth.token(person), body), 413)


def test_logging_out_ends_that_session_at_once(auth: Client) -> None:
    """After a logout its token is refused, and another session of the same user lives on."""
    person = auth.newcomer()
    left, kept = auth.token(person), auth.token(person)
    assert auth.call("POST", "logout", left).status_code == 204
    assert (auth.verify(left), auth.verify(kept)) == (401, 204)
    assert_problem(auth.call("POST", "logout", left), 401)


def test_a_changed_password_ends_all_sessions_at_once(auth: Client) -> None:
    """After a change all tokens and the old password are refused, and the new one logs in."""
    person = auth.newcomer()
    tokens = [auth.token(person), auth.token(person)]
    body = {"current": person.password, "new": "another good passphrase"}
    assert auth.call("POST", "password", tokens[0], body).status_code == 204
    assert [auth.verify(token) for token in tokens] == [401, 401]
    assert_problem(auth.login(person.email, person.password), 401)
    assert auth.login(person.email, "another good passphrase").status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "status"),
    [("not the password", "another good passphrase", 403), (PASSWORD, "short", 422), (PASSWORD, 12, 400)],
)
def test_a_refused_change_changes_nothing(auth: Client, current: str, new: object, status: int) -> None:
    """A wrong current password answers 403, an unfit new one 422 or 400; sessions and password stay."""
    person = auth.newcomer()
    token = auth.token(person)
    assert_problem(auth.call("POST", "password", token, {"current": current, "new": new}), status)
    assert auth.verify(token) == 204
    assert auth.login(person.email, person.password).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "register", {"POST"}),
        ("GET", "login", {"POST"}),
        ("PUT", "logout", {"POST"}),
        ("DELETE", "password", {"POST"}),
        ("GET", "account", {"DELETE"}),
        ("POST", "verify", {"GET", "HEAD"}),
        ("POST", "keys", {"GET", "HEAD"}),
    ],
)
def test_another_method_is_told_which_ones_there_are(auth: Client, method: str, path: str, allowed: set[str]) -> None:
    """A method that the route has not answers 405 with Allow."""
    answer = requests.request(method, f"{auth.url}/auth/{path}", timeout=20)
    assert_problem(answer, 405)
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize("path", ["/", "/auth", "/auth/", "/auth/nothing", "/auth/login/", "/auth//login"])
def test_an_unknown_path_is_not_found(auth: Client, path: str) -> None:
    """Every other path answers 404, none a redirect."""
    assert_problem(requests.post(f"{auth.url}{path}", timeout=20, allow_redirects=False), 404)
