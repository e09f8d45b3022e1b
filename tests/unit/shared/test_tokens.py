"""Access tokens, valid and hostile."""

import json
from datetime import UTC, datetime
from time import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from functions.shared.tokens import AUDIENCE, ISSUER, InvalidToken, Verifier
from tests.support.forgery import HOSTILE, UNSPEAKABLE, Forger, part

NOW = int(time())
OUR = Forger(
    Ed25519PrivateKey.generate(),
    "k1",
    {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "u1",
        "email": "owner@people.example",
        "jti": "s1",
        "iat": NOW,
        "exp": NOW + 3600,
    },
)
VERIFIER = Verifier(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": part(OUR.public)}]}))


def test_valid_token_names_its_caller() -> None:
    """The caller has the token's user, address, session and expiry; the scheme is case-insensitive."""
    for scheme in ("Bearer", "bearer", "BEARER"):
        caller = VERIFIER.caller(f"{scheme} {OUR.good()}")
        assert (caller.user, caller.email, caller.session) == ("u1", "owner@people.example", "s1")
        assert caller.expires == datetime.fromtimestamp(NOW + 3600, UTC)


@pytest.mark.parametrize("name", HOSTILE | UNSPEAKABLE)
def test_hostile_token_is_invalid(name: str) -> None:
    """Every invalid token raises the same error, and never an exception of the parser."""
    token = (HOSTILE | UNSPEAKABLE)[name](OUR)
    with pytest.raises(
        InvalidToken, match=r"^(The token is invalid or expired|A token is required)\. Log in with POST"
    ):
        VERIFIER.caller(f"Bearer {token}")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dTpw", f"Token {OUR.good()}", OUR.good()])
def test_request_without_bearer_token_is_refused(header: str | None) -> None:
    """A missing header, another scheme and a bare token are refused."""
    with pytest.raises(InvalidToken, match=r"^A token is required\."):
        VERIFIER.caller(header)


def test_shared_secret_is_no_public_key() -> None:
    """A JWKS with an HMAC secret, of any length, fails at start, so no token can be forged with it."""
    with pytest.raises(jwt.InvalidKeyError):
        Verifier(json.dumps({"keys": [{"kty": "oct", "kid": "k1", "k": part(bytes(16))}]}))
