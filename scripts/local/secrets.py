"""Secrets as files, `NAME/KEY` like a Kubernetes Secret's: made once, kept, readable by their owner alone."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


@dataclass(frozen=True)
class Secrets:
    folder: Path

    def read(self, name: str, key: str) -> str:
        return (self.folder / name / key).read_text()

    def write(self, name: str, key: str, value: str) -> None:
        file = self.folder / name / key
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
        file.write_text(value)

    def password(self, name: str) -> str:
        """Return the password of that name, a new one at the first time."""
        return self._once(name, "password", lambda: secrets.token_urlsafe(24))

    def make_signing_keys(self) -> None:
        """Write auth's private key `jwt-private/key` (PEM) and everybody's `jwt-public/keys` (JWKS, RFC 7517)."""
        pem = self._once("jwt-private", "key", _private_key)
        private = load_pem_private_key(pem.encode(), None)
        if not isinstance(private, Ed25519PrivateKey):
            raise TypeError(f"{self.folder}/jwt-private/key is no Ed25519 key")
        public = private.public_key()
        members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public.public_bytes_raw())}
        # The thumbprint of RFC 7638: a hash of just these members, sorted, without a space.
        kid = _base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())
        jwk = {**members, "alg": "EdDSA", "use": "sig", "kid": kid}
        self.write("jwt-public", "keys", json.dumps({"keys": [jwk]}))

    def _once(self, name: str, key: str, make: Callable[[], str]) -> str:
        if not (self.folder / name / key).is_file():
            self.write(name, key, make())
        return self.read(name, key)


def _private_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
