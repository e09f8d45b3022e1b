"""Secrets that stand for a session: of a browser's cookie, and API tokens. The store has only their hashes.

An API token is `v2m_`, the secret and its checksum, so that a scanner recognises one that leaked, as GitHub's.
"""

import secrets
import string
from hashlib import sha256
from zlib import crc32

PREFIX = "v2m_"
SECRET_BYTES = 32

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_LENGTH, _CHECKSUM_LENGTH = 43, 6  # digits to the base 62 of 256 and of 32 bits


def new_secret() -> str:
    return _base62(secrets.randbits(SECRET_BYTES * 8), _SECRET_LENGTH)


def new_token() -> str:
    secret = new_secret()
    return PREFIX + secret + _checksum(secret)


def is_secret(text: str) -> bool:
    return len(text) == _SECRET_LENGTH and set(text) <= set(_DIGITS)


def is_token(text: str) -> bool:
    """Return whether it has the form and the checksum of an API token; whether it is one, only the store knows."""
    secret, checksum = text[len(PREFIX) : -_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
    return text.startswith(PREFIX) and is_secret(secret) and checksum == _checksum(secret)


def digest(secret: str) -> str:
    """Return the hash to store. The secret has 256 random bits, so a fast hash cannot be reversed by guessing."""
    return sha256(secret.encode()).hexdigest()


def _checksum(secret: str) -> str:
    return _base62(crc32(secret.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
