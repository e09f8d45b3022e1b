"""Secrets of cookies and API tokens."""

from zlib import crc32

import pytest

from functions.auth.credentials import PREFIX, digest, is_secret, is_token, new_secret, new_token

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def number(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 62 + DIGITS.index(digit)
    return value


def test_token_has_prefix_secret_and_checksum() -> None:
    """The checksum is the CRC-32 of the secret to the base 62, as the API's document says."""
    token = new_token()
    assert token.startswith(PREFIX)
    secret, checksum = token[4:47], token[47:]
    assert number(secret) < 2**256
    assert number(checksum) == crc32(secret.encode())
    assert is_token(token)


@pytest.mark.parametrize("at", [4, 20, 46, 47, 52])
def test_mistyped_token_is_recognised(at: int) -> None:
    """Any other digit, in the secret or in the checksum, makes another checksum."""
    token = new_token()
    for digit in set(DIGITS) - {token[at]}:
        assert not is_token(token[:at] + digit + token[at + 1 :])


@pytest.mark.parametrize("text", ["", PREFIX, PREFIX + "0" * 49, PREFIX + "0" * 4000, "é" * 53, "v2n_" + "0" * 49])
def test_other_text_is_no_token(text: str) -> None:
    assert not is_token(text)


def test_token_of_another_prefix_is_none() -> None:
    assert not is_token("ghp_" + new_token()[4:])


def test_secrets_differ_and_have_one_length() -> None:
    made = {new_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(secret) for secret in made} == {43}
    assert all(map(is_secret, made))


@pytest.mark.parametrize("text", ["", "0" * 42, "0" * 44, "0" * 42 + "-", "0" * 42 + "é"])
def test_other_text_is_no_secret(text: str) -> None:
    assert not is_secret(text)


def test_hash_is_sha_256() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
