"""Access tokens, honest and hostile."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from functions.shared.problems import Problem
from functions.shared.tokens import AUDIENCE, ISSUER, Verifier

KEY, OTHER_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
NOW = datetime.now(UTC)
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "u1",
    "email": "owner@people.example",
    "jti": "s1",
    "iat": NOW,
    "exp": NOW + timedelta(hours=1),
}


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


PUBLIC = b64(KEY.public_key().public_bytes_raw())
VERIFIER = Verifier(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": PUBLIC}]}))


def token(key: Any = KEY, algorithm: str = "EdDSA", kid: Any = "k1", **changes: Any) -> str:
    """Return a good token but for what is changed; a claim of None is left out."""
    claims = {name: claim for name, claim in (CLAIMS | changes).items() if claim is not None}
    return jwt.encode(claims, key, algorithm, headers={} if kid is None else {"kid": kid})


def signed(header: bytes, payload: bytes) -> str:
    """Return a token of these very bytes, rightly signed."""
    text = f"{b64(header)}.{b64(payload)}"
    return f"{text}.{b64(KEY.sign(text.encode()))}"


HEADER = b'{"alg": "EdDSA", "kid": "k1"}'
HEAD, BODY, SIGNATURE = token().split(".")
ADMIN = b64(urlsafe_b64decode(BODY + "==").replace(b'"u1"', b'"u2"'))
NONE = b64(b'{"alg": "nOnE", "kid": "k1"}')

HOSTILE = {
    "empty": "",
    "no token": "x",
    "two parts": f"{HEAD}.{BODY}",
    "no signature": f"{HEAD}.{BODY}.",
    "short signature": f"{HEAD}.{BODY}.{SIGNATURE[:-4]}",
    "padded signature": f"{HEAD}.{BODY}.{SIGNATURE}==",
    "another payload": f"{HEAD}.{ADMIN}.{SIGNATURE}",
    "alg none": token("", "none"),
    "alg nOnE": f"{NONE}.{BODY}.",
    "HS256 by the public key": token(PUBLIC, "HS256"),
    "another key": token(OTHER_KEY),
    "unknown kid": token(kid="k2"),
    "no kid": token(kid=None),
    "kid a path": token(kid="../../dev/null"),
    "kid SQL": token(kid="' OR 1=1 --"),
    "kid a list": signed(b'{"alg": "EdDSA", "kid": ["k1"]}', b"{}"),
    "expired": token(exp=NOW - timedelta(seconds=1)),
    "not before": token(nbf=NOW + timedelta(hours=1)),
    "issued in the future": token(iat=NOW + timedelta(hours=1)),
    "issued at digits in quotes": token(iat="1"),
    "issued at a fraction": token(iat=0.5),
    "no exp": token(exp=None),
    "exp a text": token(exp="tomorrow"),
    "exp digits in quotes": token(exp="99999999999"),
    "exp a fraction": token(exp=99999999999.5),
    "exp without end": signed(
        HEADER, json.dumps(CLAIMS | {"iat": 0, "exp": 0}).replace('"exp": 0', '"exp": 1e400').encode()
    ),
    "wrong audience": token(aud="else"),
    "audience a list": token(aud=[AUDIENCE, "else"]),
    "no audience": token(aud=None),
    "wrong issuer": token(iss="else"),
    "no subject": token(sub=None),
    "empty subject": token(sub=""),
    "subject half a character": token(sub="\ud800"),
    "subject with NUL": token(sub="u1\0"),
    "session not in ASCII": token(jti="\N{GRINNING FACE}"),
    "no session": token(jti=None),
    "no address": token(email=None),
    "address a number": token(email=7),
    "no object": signed(HEADER, b"[]"),
    "no JSON": signed(HEADER, b"\xff"),
    "deep": signed(HEADER, b"[" * 100_000),
    "long": "a" * 1_000_000,
    "NUL": token() + "\0",
    "two tokens": f"{token()}, Bearer {token()}",
}


def test_a_good_token_says_who_calls() -> None:
    """User, address, session and end are the token's own; the scheme's letters may be small or capital."""
    for scheme in ("Bearer", "bearer", "BEARER"):
        caller = VERIFIER.caller(f"{scheme} {token()}")
        assert (caller.user, caller.email, caller.session) == ("u1", "owner@people.example", "s1")
        assert caller.expires == CLAIMS["exp"].replace(microsecond=0)  # type: ignore[attr-defined]  # a mixed dict


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_401(name: str) -> None:
    """Whatever is wrong with a token, the answer is the same problem, and never an error of ours."""
    with pytest.raises(Problem) as raised:
        VERIFIER.caller(f"Bearer {HOSTILE[name]}")
    assert raised.value.status == 401
    assert raised.value.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dTpw", f"Token {token()}", token()])
def test_a_request_without_a_bearer_token_is_401(header: str | None) -> None:
    """No header, another scheme and a bare token are all no token."""
    with pytest.raises(Problem) as raised:
        VERIFIER.caller(header)
    assert raised.value.status == 401


def test_a_shared_secret_is_no_public_key() -> None:
    """A JWKS with an HMAC secret in it, whatever its length, is an error at the start: nobody could forge with it."""
    with pytest.raises(jwt.InvalidKeyError):
        Verifier(json.dumps({"keys": [{"kty": "oct", "kid": "k1", "k": b64(bytes(16))}]}))
