"""Signing tokens."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from functions.auth.accounts import Account
from functions.auth.signer import Signer
from functions.shared.tokens import Caller, Verifier
from tests.support.keys import Keys

HOUR = timedelta(hours=1)
KEYS = Keys(Ed25519PrivateKey.generate(), "ours")


def test_token_names_the_key_that_signed_it() -> None:
    """The `kid` is that of the private key's public half among several, and the token is valid for every function."""
    now = datetime.now(UTC)
    account, expires = Account("user", "a@example.com", ""), now + HOUR
    token = Signer(KEYS.pem, KEYS.jwks).token(account, "session", now, expires)
    assert jwt.get_unverified_header(token)["kid"] == "ours"
    caller = Verifier(KEYS.jwks).caller(f"Bearer {token}")
    assert caller == Caller("user", "a@example.com", "session", expires.replace(microsecond=0), verified=False)


def test_token_says_whether_the_address_is_verified() -> None:
    now = datetime.now(UTC)
    token = Signer(KEYS.pem, KEYS.jwks).token(Account("user", "a@b.example", "", verified=True), "s", now, now + HOUR)
    assert Verifier(KEYS.jwks).caller(f"Bearer {token}").verified


def test_private_key_without_its_public_half_fails_at_start() -> None:
    """Otherwise no function could verify its tokens."""
    with pytest.raises(ValueError, match="JWT_PUBLIC_KEYS"):
        Signer(KEYS.pem, json.dumps({"keys": json.loads(KEYS.jwks)["keys"][:1]}))


def test_key_of_another_type_fails_at_start() -> None:
    """The error does not contain the key."""
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(ValueError, match="JWT_PRIVATE_KEY") as refused:
        Signer(pem, KEYS.jwks)
    assert pem not in str(refused.value)
