"""Registering, logging in and out, changing a password."""

import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
import requests

from tests.support.auth import PASSWORD, Client
from tests.support.problems import assert_problem, without_ids


def test_registering_returns_id_and_address(auth: Client) -> None:
    """201, with the address in its canonical spelling."""
    answer = auth.register(" New.One@Example.COM ", PASSWORD)
    assert answer.status_code == 201
    assert answer.json()["email"] == "new.one@example.com"
    assert len(answer.json()["id"]) == 36


def test_address_has_one_account(auth: Client) -> None:
    """Registering an address again, in any spelling, is 409 and does not change the account."""
    person = auth.newcomer()
    assert_problem(auth.register(person.email.upper(), "another good passphrase"), 409)
    assert auth.login(person.email, person.password).status_code == 200


def test_concurrent_registrations_create_one_account(auth: Client) -> None:
    """Of twelve concurrent registrations of an address, one is 201 and the others are 409."""
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
def test_invalid_address_is_refused(auth: Client, email: str) -> None:
    """An address that mail cannot be sent to safely is 422."""
    assert_problem(auth.register(email, PASSWORD), 422)


@pytest.mark.parametrize(
    "password",
    ["", "elevenchars", "x" * 129, "qwerty123456", "QwErTy123456", "1q2w3e4r5t6y", "passwordpassword", "\ud800" * 12],
)
def test_unsuitable_password_is_refused(auth: Client, password: str) -> None:
    """A password that is too short, too long, common or not Unicode is 422."""
    assert_problem(auth.register("weak@example.com", password), 422)


@pytest.mark.parametrize(
    "password", ["twelve chars", "x7" * 64, "жж пароль из слов", "pass:word: with colons", "nul \0 is a char"]
)
def test_any_other_password_is_accepted(auth: Client, password: str) -> None:
    """12 to 128 characters of any kind."""
    person = auth.newcomer(password)
    assert auth.login(person.email, person.password).status_code == 200


def test_password_is_compared_in_normal_form(auth: Client) -> None:
    """An é typed as one character and as two is the same password."""
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
def test_unexpected_json_is_refused(auth: Client, body: bytes) -> None:
    """Anything but an object with two strings is 400."""
    assert_problem(requests.post(f"{auth.url}/auth/register", body, timeout=20), 400)


@pytest.mark.parametrize("path", ["register", "login", "password", "nothing"])
def test_large_body_is_refused(auth: Client, path: str) -> None:
    """A body of more than 16 KiB is 413 on every path, and the text names the limit."""
    answer = requests.post(f"{auth.url}/auth/{path}", bytes(17_000), timeout=20)
    assert_problem(answer, 413)
    assert "16 KiB" in answer.json()["detail"]


def test_token_has_the_documented_claims(auth: Client) -> None:
    """User, address, session and one hour of lifetime, signed with a key of /auth/keys."""
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


def test_keys_are_public_and_contain_no_secret(auth: Client) -> None:
    """GET /auth/keys needs no token, can be cached, and has no private part."""
    answer = requests.get(f"{auth.url}/auth/keys", timeout=20)
    assert answer.headers["Cache-Control"].startswith("public")
    assert all("d" not in key and key["kid"] for key in answer.json()["keys"])


def test_unknown_user_and_wrong_password_get_the_same_answer(auth: Client) -> None:
    """The answers differ only in the date and the trace id."""
    person = auth.newcomer()
    wrong, unknown = auth.login(person.email, "not the password"), auth.login("nobody@example.com", "not the password")
    assert_problem(wrong, 401)
    assert wrong.headers["WWW-Authenticate"] == 'Basic realm="video2mp3", charset="UTF-8"'
    assert without_ids(unknown) == without_ids(wrong)


@pytest.mark.timing
@pytest.mark.timeout(600)
def test_unknown_user_and_wrong_password_take_the_same_time(auth: Client) -> None:
    """The means of the faster halves of 100 logins each, in pairs of random order, differ by less than 5 %.

    Other load on the machine makes some logins slower, none faster. If 100 pairs are too noisy, up to 500 more follow.
    They hide no difference: more pairs bring the means nearer to the true ones.
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
def test_login_without_credentials_is_refused(auth: Client, authorization: str | None) -> None:
    """Anything but HTTP Basic with a name and a password is 401 with a Basic challenge."""
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
def test_hostile_name_is_an_unknown_user(auth: Client, name: str) -> None:
    """SQL, NUL, line breaks and other injections around an address get the same answer as an unknown user."""
    person = auth.newcomer()
    answer = auth.login(name.format(person.email), person.password)
    assert_problem(answer, 401)
    assert without_ids(answer) == without_ids(auth.login("nobody@example.com", person.password))
    assert "X-Injected" not in answer.headers


def test_password_of_a_megabyte_is_refused(auth: Client) -> None:
    """The password is never hashed: already the header or the body is too large."""
    person, long = auth.newcomer(), "x" * 1024**2
    assert auth.login(person.email, long).status_code == 431
    assert_problem(auth.register("a.megabyte@example.com", long), 413)
    body = {"current": person.password, "new": long}
    assert_problem(auth.call("POST", "password", auth.token(person), body), 413)


def test_logout_ends_its_session_at_once(auth: Client) -> None:
    """Its token is refused afterwards; other sessions of the user remain valid."""
    person = auth.newcomer()
    left, kept = auth.token(person), auth.token(person)
    assert auth.call("POST", "logout", left).status_code == 204
    assert (auth.verify(left), auth.verify(kept)) == (401, 204)
    assert_problem(auth.call("POST", "logout", left), 401)


def test_changed_password_ends_all_sessions_at_once(auth: Client) -> None:
    """All tokens and the old password are refused afterwards, and the new password is accepted."""
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
def test_refused_password_change_changes_nothing(auth: Client, current: str, new: object, status: int) -> None:
    """A wrong current password is 403, an unsuitable new one 422 or 400; sessions and password remain valid."""
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
def test_unsupported_method_is_405(auth: Client, method: str, path: str, allowed: set[str]) -> None:
    """`Allow` lists the methods of the route."""
    answer = requests.request(method, f"{auth.url}/auth/{path}", timeout=20)
    assert_problem(answer, 405)
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize("path", ["/", "/auth", "/auth/", "/auth/nothing", "/auth/login/", "/auth//login"])
def test_unknown_path_is_404(auth: Client, path: str) -> None:
    """Every other path is 404, never a redirect."""
    assert_problem(requests.post(f"{auth.url}{path}", timeout=20, allow_redirects=False), 404)
