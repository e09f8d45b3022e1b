"""Passwords: which are accepted, and their Argon2id hashes."""

from base64 import b64encode
from functools import cache
from pathlib import Path
from threading import Semaphore
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from functions.auth.errors import PasswordRefused

MIN_PASSWORD_CHARACTERS, MAX_PASSWORD_CHARACTERS = 12, 128
MIN_DIFFERENT_CHARACTERS = 2  # spaces and invisible characters not counted

_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's minimum for Argon2id: 19 MiB, 2, 1


def _dummy_hash() -> str:
    """Return a hash with the current parameters that matches no password."""
    salt, tag = (b64encode(bytes(size)).decode().rstrip("=") for size in (_HASHER.salt_len, _HASHER.hash_len))
    parameters = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v=19${parameters}${salt}${tag}"


_DUMMY_HASH = _dummy_hash()


class Passwords:
    """Hashes passwords, at most `cores` at the same time: each hash takes 19 MiB and one core."""

    def __init__(self, cores: int) -> None:
        self._free = Semaphore(cores)

    def hash(self, password: str) -> str:
        """Return the hash of a password that `check` accepts, or an account has already."""
        with self._free:
            return _HASHER.hash(_canonical(password))

    def match(self, password_hash: str | None, password: str) -> bool:
        """Return whether `password` has this hash; without a hash return False after the same time."""
        if len(password) > MAX_PASSWORD_CHARACTERS:
            return False
        try:
            with self._free:
                return _HASHER.verify(password_hash or _DUMMY_HASH, _canonical(password))
        except (VerifyMismatchError, UnicodeEncodeError):
            return False

    def outdated(self, password_hash: str) -> bool:
        """Return whether the hash has other parameters than new hashes."""
        return _HASHER.check_needs_rehash(password_hash)


def _canonical(password: str) -> str:
    """Return the password in NFC: keyboards differ in how they compose an é (RFC 8265, 4.2)."""
    return normalize("NFC", password)


def check(password: str, email: str) -> None:
    """Raise PasswordRefused if the password is unsuitable for the account of `email`."""
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise PasswordRefused(
            f"Passwords must have {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters of any kind. "
            "Choose another password."
        )
    try:
        password.encode()
    except UnicodeEncodeError as error:  # JSON can contain half a surrogate pair, UTF-8 cannot
        raise PasswordRefused("The password is not valid Unicode. Choose another password.") from error
    folded = normalize("NFKC", password).casefold()
    visible = "".join(character for character in folded if character.isprintable() and not character.isspace())
    if folded in _common() or visible in _common() or len(set(visible)) < MIN_DIFFERENT_CHARACTERS:
        raise PasswordRefused("The password is too common. Choose a password that is hard to guess.")
    if email in visible or visible in {email.partition("@")[0], email.partition("@")[2], email[::-1]}:
        raise PasswordRefused("The password is your mail address. Choose a password that is hard to guess.")


@cache
def _common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text("utf-8").split())
