"""The signing keys of the auth function under test."""

import json
from dataclasses import dataclass
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import OKPAlgorithm


@dataclass(frozen=True)
class Keys:
    private: Ed25519PrivateKey
    id: str

    @property
    def pem(self) -> str:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @cached_property
    def jwks(self) -> str:
        """The JWKS: another key before ours, as in a rotation."""
        keys = {"old": Ed25519PrivateKey.generate(), self.id: self.private}
        public = [
            {**json.loads(OKPAlgorithm.to_jwk(key.public_key())), "kid": id_, "use": "sig", "alg": "EdDSA"}
            for id_, key in keys.items()
        ]
        return json.dumps({"keys": public})
