"""Passwords: which ones are good enough, and their Argon2id hashes."""

from base64 import b64encode
from functools import cache
from pathlib import Path
from threading import Semaphore
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from functions.shared.problems import Problem

SHORTEST, LONGEST = 12, 128  # characters

_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's minimum for Argon2id: 19 MiB, 2, 1


def _nobodys_hash() -> str:
    """Return a hash of today's cost that no password has."""
    salt, tag = (b64encode(bytes(size)).decode().rstrip("=") for size in (_HASHER.salt_len, _HASHER.hash_len))
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${tag}"


_NOBODY = _nobodys_hash()


class Passwords:
    """Hashes passwords, never more at once than `cores`: each takes 19 MiB and one core."""

    def __init__(self, cores: int) -> None:
        self._free = Semaphore(cores)

    def hash(self, password: str) -> str:
        """Return the hash of a new password; raise a 422 problem for one that is too easily guessed."""
        acceptable = _acceptable(password)
        with self._free:
            return _HASHER.hash(acceptable)

    def match(self, password_hash: str | None, password: str) -> bool:
        """Say whether `password` has this hash; without one say no, but no sooner."""
        if len(password) > LONGEST:
            return False
        try:
            with self._free:
                return _HASHER.verify(password_hash or _NOBODY, _spelling(password))
        except (VerifyMismatchError, UnicodeEncodeError):
            return False

    def outdated(self, password_hash: str) -> bool:
        """Say whether the hash was made at another cost than today's."""
        return _HASHER.check_needs_rehash(password_hash)


def _spelling(password: str) -> str:
    """Return the one spelling of what a person typed: keyboards differ in how they compose an é (RFC 8265, 4.2)."""
    return normalize("NFC", password)


def _acceptable(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise Problem(422, f"The password must have {SHORTEST} to {LONGEST} characters; any characters will do.")
    try:
        password.encode()
    except UnicodeEncodeError as error:  # JSON can say half a surrogate pair, UTF-8 cannot
        raise Problem(422, "The password is not valid Unicode. Use another one.") from error
    if password.casefold() in _common():
        raise Problem(422, "This password is one of those that are tried first. Choose one that nobody would guess.")
    return _spelling(password)


@cache
def _common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text("utf-8").split())
