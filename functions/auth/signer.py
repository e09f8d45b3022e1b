"""Signs access tokens; the only module with the private key."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from functions.auth.accounts import Account
from functions.shared.tokens import ALGORITHM, AUDIENCE, ISSUER


class Signer:
    """Signs with an Ed25519 key, under the `kid` of its public half."""

    def __init__(self, private_key: str, public_keys: str) -> None:
        """Take a PEM and a JWKS; raise ValueError if the PEM is not Ed25519 or the JWKS lacks its public half."""
        key = load_pem_private_key(private_key.encode(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("JWT_PRIVATE_KEY is not an Ed25519 key")  # noqa: TRY004  # a setting, not an argument
        public = urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")
        ids = [jwk["kid"] for jwk in json.loads(public_keys)["keys"] if jwk.get("x") == public]
        if not ids:
            raise ValueError("JWT_PUBLIC_KEYS does not contain the public half of JWT_PRIVATE_KEY")
        self._key, self._id = key, ids[0]

    def token(self, account: Account, session: str, issued: datetime, expires: datetime) -> str:
        """Return the token of an account's session."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": account.id,
            "email": account.email,
            "email_verified": account.verified,
            "jti": session,
            "iat": issued,
            "exp": expires,
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._id})
