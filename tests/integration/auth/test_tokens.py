"""What is no token of ours answers 401, never 500."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.auth.client import Client, assert_problem
from tests.integration.auth.keys import Keys


def _part(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture
def claims(auth: Client) -> dict[str, Any]:
    """The claims of a token that is good."""
    token = auth.token(auth.newcomer())
    assert auth.verify(token) == 204
    return dict(jwt.decode(token, options={"verify_signature": False}))


def _signed(keys: Keys, claims: dict[str, Any], **header: Any) -> str:
    return jwt.encode(claims, keys.private, "EdDSA", headers={"kid": keys.id, **header})


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "ES256", "RS256"])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_another_algorithm_is_refused(
    auth: Client, keys: Keys, claims: dict[str, Any], algorithm: str, signature: str
) -> None:
    """A token that names another algorithm, with or without a signature, is refused."""
    head = _part({"alg": algorithm, "typ": "JWT", "kid": keys.id})
    assert auth.verify(f"{head}.{_part(claims)}.{signature}") == 401


def test_the_public_key_is_no_shared_secret(auth: Client, keys: Keys, claims: dict[str, Any]) -> None:
    """A token signed by HS256 with the public key as its secret is refused."""
    public = keys.private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (keys.jwks.encode(), pem, public.public_bytes_raw()):
        signed = f"{_part({'alg': 'HS256', 'kid': keys.id})}.{_part(claims)}"
        signature = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).decode().rstrip("=")
        assert auth.verify(f"{signed}.{signature}") == 401


def test_another_key_is_refused(auth: Client, keys: Keys, claims: dict[str, Any]) -> None:
    """A token signed with another key under our key's id is refused."""
    token = jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": keys.id})
    assert auth.verify(token) == 401


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "", "k\x00", 1, None, ["k"], {}])
def test_another_key_id_is_refused(auth: Client, keys: Keys, claims: dict[str, Any], kid: object) -> None:
    """A token whose `kid` is none of ours, or no text, is refused."""
    good = _signed(keys, claims).split(".")
    assert auth.verify(".".join([_part({"alg": "EdDSA", "kid": kid}), *good[1:]])) == 401


def test_a_tampered_token_is_refused(auth: Client, keys: Keys, claims: dict[str, Any]) -> None:
    """A token of another payload, an empty or cut signature, missing or doubled parts is refused."""
    head, body, signature = _signed(keys, claims).split(".")
    other = _part({**claims, "sub": "somebody else"})
    for token in (
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}",
        f"{head}.{body}",
        f"{head}..{signature}",
        f"{head}.{body}.{signature}.{signature}",
        "...",
        "a.b.c",
        f"{_part('[' * 3000)}.{body}.{signature}",
    ):
        assert auth.verify(token) == 401, token


@pytest.mark.parametrize("missing", ["exp", "iat", "iss", "aud", "sub", "jti", "email"])
def test_a_token_without_a_claim_is_refused(auth: Client, keys: Keys, claims: dict[str, Any], missing: str) -> None:
    """A token that lacks one of its claims is refused, even well signed."""
    del claims[missing]
    assert auth.verify(_signed(keys, claims)) == 401


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("exp", 1),
        ("exp", "tomorrow"),
        ("exp", None),
        ("exp", 10**400),
        ("nbf", 10**10),
        ("iat", 10**10),
        ("iss", "somebody"),
        ("iss", ["video2mp3/auth"]),
        ("aud", "somebody"),
        ("aud", ["video2mp3", "somebody"]),
        ("sub", ""),
        ("sub", 1),
        ("sub", "' OR 1=1 --"),
        ("sub", "a\x00b"),
        ("sub", "\N{GRINNING FACE}"),
        ("jti", "another"),
        ("jti", "\N{GRINNING FACE}\x00"),
        ("jti", {}),
        ("email", 1),
    ],
)
def test_a_claim_of_another_value_is_refused(
    auth: Client, keys: Keys, claims: dict[str, Any], claim: str, value: object
) -> None:
    """A token that is expired, not yet valid, for or from somebody else, or of another session is refused."""
    payload = jwt.api_jws.encode(
        json.dumps({**claims, claim: value}).encode(), keys.private, "EdDSA", headers={"kid": keys.id}
    )
    assert auth.verify(payload) == 401


def test_a_key_address_in_the_token_is_not_followed(auth: Client, keys: Keys, claims: dict[str, Any]) -> None:
    """A token that brings its own key or the address of one is judged by ours alone."""
    mine = Ed25519PrivateKey.generate()
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(mine.public_key()))
    token = jwt.encode(claims, mine, "EdDSA", headers={"kid": keys.id, "jwk": jwk, "jku": f"{auth.url}/auth/keys"})
    assert auth.verify(token) == 401


def test_a_token_just_expired_is_refused(auth: Client, keys: Keys, claims: dict[str, Any]) -> None:
    """A token is refused from the second of its `exp` on, although its session's row is still there."""
    claims["exp"] = int(time.time())
    assert auth.verify(_signed(keys, claims)) == 401


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "bearer x", "Basic YTpi", "Token x", "Bearer a b"]
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "verify"), ("POST", "logout"), ("POST", "password"), ("DELETE", "account")]
)
def test_without_a_token_there_is_only_a_challenge(
    auth: Client, method: str, path: str, authorization: str | None
) -> None:
    """Every route that needs a token answers 401 with a Bearer challenge when there is none."""
    answer = requests.request(method, f"{auth.url}/auth/{path}", headers={"Authorization": authorization}, timeout=20)
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_in_the_query_is_none(auth: Client, keys: Keys, claims: dict[str, Any]) -> None:
    """A good token in the address is not looked at."""
    query = {"token": _signed(keys, claims), "access_token": _signed(keys, claims)}
    assert requests.get(f"{auth.url}/auth/verify", query, timeout=20).status_code == 401
