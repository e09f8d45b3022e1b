"""Hashing, without a server."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters

from functions.auth import passwords
from functions.auth.passwords import Passwords
from functions.shared.problems import Problem


def test_a_hash_has_the_cost_that_was_decided() -> None:
    """Argon2id, 19 MiB, two passes, one lane."""
    parameters = extract_parameters(Passwords(1).hash("a passphrase of mine"))
    assert (parameters.type.name, parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (
        "ID",
        19456,
        2,
        1,
    )


def test_no_user_costs_what_a_user_costs() -> None:
    """The hash that stands for an unknown user has the parameters of every other one, and no password."""
    assert extract_parameters(passwords._NOBODY) == extract_parameters(Passwords(1).hash("a passphrase of mine"))
    assert not Passwords(1).match(None, "a passphrase of mine")


def test_a_hash_of_another_cost_is_outdated() -> None:
    """A hash made with other parameters matches still, and is to be renewed."""
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("a passphrase of mine")
    assert Passwords(1).match(old, "a passphrase of mine")
    assert Passwords(1).outdated(old)
    assert not Passwords(1).outdated(Passwords(1).hash("a passphrase of mine"))


def test_no_more_hashes_at_once_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight who log in at once on two cores, two are hashed at a time: the third waits for a turn."""
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


def test_a_long_password_is_refused_without_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 128 characters never reach Argon2."""
    monkeypatch.setattr(passwords, "_HASHER", None)
    assert not Passwords(1).match(None, "x" * 129)


def test_every_listed_password_could_be_chosen_otherwise() -> None:
    """The list has no line that another rule refuses already, none twice, and each in the case it is compared in."""
    listed = Path(passwords.__file__).with_name("common_passwords.txt").read_text("utf-8").splitlines()
    assert len(listed) == len(set(listed)) > 1000
    assert all(12 <= len(line) <= 128 and line == line.casefold() for line in listed)


@pytest.mark.parametrize(
    "password", ["123456789012", "qwertyuiopas", "Password1234", "aaaaaaaaaaaa", "iloveyouiloveyou"]
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    """Common passwords of twelve characters are refused in any case."""
    with pytest.raises(Problem) as refused:
        Passwords(1).hash(password)
    assert refused.value.status == 422
