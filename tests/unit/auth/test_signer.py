"""Signing tokens."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from functions.auth.signer import Signer
from functions.shared.tokens import Verifier
from tests.support.keys import Keys

KEYS = Keys(Ed25519PrivateKey.generate(), "ours")


def test_token_names_the_key_that_signed_it() -> None:
    """The `kid` is that of the private key's public half among several, and the token is valid for every function."""
    now = datetime.now(UTC)
    token = Signer(KEYS.pem, KEYS.jwks).token("user", "a@example.com", "session", now, now + timedelta(hours=1))
    assert jwt.get_unverified_header(token)["kid"] == "ours"
    caller = Verifier(KEYS.jwks).caller(f"Bearer {token}")
    assert (caller.user, caller.email, caller.session) == ("user", "a@example.com", "session")


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
