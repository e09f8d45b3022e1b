"""Access tokens, honest and hostile."""

import json
from datetime import UTC, datetime
from time import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from functions.shared.problems import Problem
from functions.shared.tokens import AUDIENCE, ISSUER, Verifier
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


def test_a_good_token_says_who_calls() -> None:
    """User, address, session and end are the token's own; the scheme's letters may be small or capital."""
    for scheme in ("Bearer", "bearer", "BEARER"):
        caller = VERIFIER.caller(f"{scheme} {OUR.good()}")
        assert (caller.user, caller.email, caller.session) == ("u1", "owner@people.example", "s1")
        assert caller.expires == datetime.fromtimestamp(NOW + 3600, UTC)


@pytest.mark.parametrize("name", HOSTILE | UNSPEAKABLE)
def test_a_hostile_token_is_401(name: str) -> None:
    """Whatever is wrong with a token, the answer is the same problem, and never an error of ours."""
    token = (HOSTILE | UNSPEAKABLE)[name](OUR)
    with pytest.raises(Problem) as raised:
        VERIFIER.caller(f"Bearer {token}")
    assert raised.value.status == 401
    assert raised.value.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dTpw", f"Token {OUR.good()}", OUR.good()])
def test_a_request_without_a_bearer_token_is_401(header: str | None) -> None:
    """No header, another scheme and a bare token are all no token."""
    with pytest.raises(Problem) as raised:
        VERIFIER.caller(header)
    assert raised.value.status == 401


def test_a_shared_secret_is_no_public_key() -> None:
    """A JWKS with an HMAC secret in it, whatever its length, is an error at the start: nobody could forge with it."""
    with pytest.raises(jwt.InvalidKeyError):
        Verifier(json.dumps({"keys": [{"kty": "oct", "kid": "k1", "k": part(bytes(16))}]}))
