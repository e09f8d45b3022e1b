"""Accepting and hashing passwords, without a server."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters

from functions.auth import passwords
from functions.auth.errors import PasswordRefused
from functions.auth.passwords import Passwords


def test_hash_has_the_decided_parameters() -> None:
    """The parameters are Argon2id, 19 MiB, two passes, one lane."""
    parameters = extract_parameters(Passwords(1).hash("a passphrase of mine"))
    assert (parameters.type.name, parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (
        "ID",
        19456,
        2,
        1,
    )


def test_unknown_user_takes_as_long_as_a_known_one() -> None:
    """The dummy hash of an unknown user has the parameters of every other hash, and matches no password."""
    assert extract_parameters(passwords._DUMMY_HASH) == extract_parameters(Passwords(1).hash("a passphrase of mine"))
    assert not Passwords(1).match(None, "a passphrase of mine")


def test_hash_with_other_parameters_is_outdated() -> None:
    """A hash with other parameters still matches, and has to be replaced."""
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("a passphrase of mine")
    assert Passwords(1).match(old, "a passphrase of mine")
    assert Passwords(1).outdated(old)
    assert not Passwords(1).outdated(Passwords(1).hash("a passphrase of mine"))


def test_concurrent_hashes_are_limited_to_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight concurrent logins on two cores, two are hashed at a time, and the others wait."""
    lock, together = threading.Lock(), threading.Barrier(2, timeout=10)
    running: list[int] = []
    counts: list[int] = []

    class Hasher:
        def verify(self, *_hash_and_password: str) -> bool:
            with lock:
                running.append(1)
                counts.append(len(running))
            together.wait()
            with lock:
                running.pop()
            return True

    monkeypatch.setattr(passwords, "_HASHER", Hasher())
    two = Passwords(2)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: two.match("hash", "password"), range(8)))
    assert max(counts) == 2


def test_too_long_password_is_never_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 128 characters do not reach Argon2."""
    monkeypatch.setattr(passwords, "_HASHER", None)
    assert not Passwords(1).match(None, "x" * 129)


def test_list_of_common_passwords_has_no_needless_line() -> None:
    """No line is repeated or refused by another rule already, and each is in the case that is compared."""
    listed = Path(passwords.__file__).with_name("common_passwords.txt").read_text("utf-8").splitlines()
    assert len(listed) == len(set(listed)) > 1000
    assert all(12 <= len(line) <= 128 and line == line.casefold() for line in listed)


@pytest.mark.parametrize(
    "password", ["123456789012", "qwertyuiopas", "Password1234", "aaaaaaaaaaaa", "iloveyouiloveyou"]
)
def test_common_password_is_refused(password: str) -> None:
    """Common passwords are refused in upper and lower case."""
    with pytest.raises(PasswordRefused, match=r"^The password is too common\."):
        passwords.check(password, "anna.fischer@example.com")


@pytest.mark.parametrize(
    "password",
    [
        " " * 12,
        "\u00a0\u2003" * 6,
        "\u200b" * 12,
        " x x x x x x",
        "p a s s w o r d p a s s w o r d",
        "".join(chr(ord(letter) + 0xFEE0) for letter in "passwordpassword"),
    ],
)
def test_blank_or_monotonous_password_is_refused(password: str) -> None:
    """Spaces, invisible characters and other spellings of letters make no password better."""
    with pytest.raises(PasswordRefused, match=r"^The password is too common\."):
        passwords.check(password, "anna.fischer@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "anna.fischer@example.com",
        "Anna.Fischer@Example.COM",
        " anna.fischer@example.com ",
        "anna.fischer@example.com1",
        "anna.fischer",
        "moc.elpmaxe@rehcsif.anna",
    ],
)
def test_own_address_is_refused_as_a_password(password: str) -> None:
    """In any case, with something around it, its local part alone, or backwards."""
    with pytest.raises(PasswordRefused, match=r"^The password is your mail address\."):
        passwords.check(password, "anna.fischer@example.com")


@pytest.mark.parametrize("password", ["another@example.com", "anna fischer sings", "12 monkeys, 4 ever"])
def test_other_passwords_are_accepted(password: str) -> None:
    passwords.check(password, "anna.fischer@example.com")
