"""Forged and invalid tokens by name: every check of tokens must reject each of them."""

import hmac
import json
import socket
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

STRANGERS = Ed25519PrivateKey.generate()
DEEP = "[" * 3000
KIDS: tuple[object, ...] = ("../../dev/null", "/proc/self/environ", "' OR 1=1 --", "", "k\x00", 1, None, ["k"], {})


class Bait:
    """An address, `url`, that no component has a reason to call."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/bait"

    def taken(self) -> bool:
        """Whether there was a connection since the last call."""
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._listener.close()


def part(value: object) -> str:
    """Return a token's part: text or bytes unchanged, anything else as JSON."""
    text = value if isinstance(value, (str, bytes)) else json.dumps(value)
    return urlsafe_b64encode(text.encode() if isinstance(text, str) else text).decode().rstrip("=")


@dataclass(frozen=True)
class Forger:
    """Has a valid token's claims and the key that signs under `kid`, as a check must not rely on the key alone.

    `bait` is an address that no component has a reason to call.
    """

    key: Ed25519PrivateKey
    kid: str
    claims: dict[str, Any]
    bait: str = "http://bait.invalid"

    def signed(self, claims: object, key: Ed25519PrivateKey | None = None, **header: object) -> str:
        """Return a token with exactly these claims, signed by our key or another."""
        text = f"{part({'alg': 'EdDSA', 'typ': 'JWT', 'kid': self.kid} | header)}.{part(claims)}"
        return f"{text}.{part((key or self.key).sign(text.encode()))}"

    def good(self, **changes: object) -> str:
        """Return a valid token with changed claims."""
        return self.signed(self.claims | changes)

    def without(self, claim: str) -> str:
        return self.signed({name: value for name, value in self.claims.items() if name != claim})

    def of(self, head: str = "{head}", body: str = "{body}", signature: str = "{signature}") -> str:
        """Return a valid token's parts, inserted into these templates."""
        parts = dict(zip(("head", "body", "signature"), self.good().split("."), strict=True))
        return ".".join(text.format(**parts) for text in (head, body, signature))

    def headed(self, head: object, signature: str = "{signature}") -> str:
        """Return a valid token with another header, `typ` kept unless given, and the old signature."""
        return self.of(head=part({"typ": "JWT"} | head if isinstance(head, dict) else head), signature=signature)

    def hmac(self, secret: bytes) -> str:
        text = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': self.kid})}.{part(self.claims)}"
        return f"{text}.{part(hmac.digest(secret, text.encode(), 'sha256'))}"

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def strangers_jwk(self) -> dict[str, str]:
        return dict(json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(STRANGERS.public_key())))


Attack = Callable[[Forger], str]


def _algorithm(algorithm: object, signature: str) -> Attack:
    return lambda our: our.headed({"alg": algorithm, "kid": our.kid}, signature)


def _type(typ: object) -> Attack:
    return lambda our: our.signed(our.claims, typ=typ)


def _kid(kid: object) -> Attack:
    return lambda our: our.headed({"alg": "EdDSA", "kid": kid})


def _without(claim: str) -> Attack:
    return lambda our: our.without(claim)


def _claim(claim: str, value: object) -> Attack:
    return lambda our: our.good(**{claim: value})


def _flipped(text: str) -> str:
    return text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1]


HOSTILE: dict[str, Attack] = {
    # No token at all.
    "no token": lambda _: "x",
    "dots": lambda _: "...",
    "two tokens": lambda our: f"{our.good()}, Bearer {our.good()}",
    "a token and a word": lambda our: f"{our.good()} b",
    "two parts": lambda our: ".".join(our.good().split(".")[:2]),
    "four parts": lambda our: our.of(signature="{signature}.{signature}"),
    "a JWE": lambda our: (
        f"{part({'alg': 'dir', 'enc': 'A256GCM', 'typ': 'JWT', 'kid': our.kid})}.."
        f"{part(bytes(12))}.eHg.{part(bytes(16))}"
    ),
    # Other algorithms. The product has no HMAC secret that could be short: a shared secret among the public keys is
    # an error at the start, as is a private key of another type than Ed25519 (tests/unit).
    **{
        f"alg {algorithm}, {kind} signature": _algorithm(algorithm, signature)
        for algorithm in ("none", "None", "nOnE", "", "HS256", "RS256", "ES256", "ES256K", "PS512", "eddsa", None, 1)
        for kind, signature in (("no", ""), ("a short", "AAAA"), ("the right", "{signature}"))
    },
    "no alg": lambda our: our.headed({"kid": our.kid}),
    "HS256 by the public key": lambda our: our.hmac(our.public),
    "HS256 by the public key's PEM": lambda our: our.hmac(our.pem),
    "HS256 by the public key's text": lambda our: our.hmac(part(our.public).encode()),
    "HS256 by nothing": lambda our: our.hmac(b""),
    # Signatures.
    "no signature": lambda our: our.of(signature=""),
    "a short signature": lambda our: our.good()[:-4],
    "a long signature": lambda our: our.good() + "AAAA",
    "another signature": lambda our: _flipped(our.good()),
    "a signature of zeros": lambda our: our.of(signature="A" * 86),
    "another's signature": lambda our: our.signed(our.claims, STRANGERS),
    "another payload": lambda our: our.of(body=part(our.claims | {"sub": "somebody-else"})),
    "no payload": lambda our: our.of(body=""),
    "no header": lambda our: our.of(head=""),
    # One token has one spelling: base64url without padding.
    "a padded signature": lambda our: our.good() + "==",
    "a half padded signature": lambda our: our.good() + "=",
    "a padded header": lambda our: our.of(head="{head}=="),
    "a signature with a stray letter": lambda our: our.of(signature="{signature}!"),
    "a signature with spare bits set": lambda our: our.good()[:-1] + chr(ord(our.good()[-1]) + 1),
    # Keys that the token contains, or refers to.
    **{f"kid {kid!r}": _kid(kid) for kid in KIDS},
    "no kid": lambda our: our.headed({"alg": "EdDSA"}),
    "its own key": lambda our: our.signed(our.claims, STRANGERS, jwk=our.strangers_jwk),
    "a key's address": lambda our: our.signed(our.claims, STRANGERS, jku=our.bait),
    "a certificate's address": lambda our: our.signed(our.claims, STRANGERS, x5u=our.bait),
    "a key's address for its id": lambda our: our.signed(our.claims, STRANGERS, kid=our.bait),
    "a certificate": lambda our: our.signed(our.claims, STRANGERS, x5c=[b64encode(bytes(300)).decode()]),
    # Tokens that only our key could sign, and that we never sign.
    "a critical extension": lambda our: our.signed(our.claims, crit=["exp"]),
    "an unencoded payload": lambda our: our.signed(our.claims, b64=False, crit=["b64"]),
    # There are no refresh tokens. One would have another type and audience, and either is rejected.
    "a token for a refresh": lambda our: our.good(aud="video2mp3/refresh"),
    **{f"typ {typ!r}": _type(typ) for typ in ("rt+jwt", "at+jwt", "jwt", "", 1, ["JWT"], None)},
    "a token within a token": lambda our: our.signed(our.good(), cty="JWT"),
    "a list for claims": lambda our: our.signed([our.claims]),
    "a text for claims": lambda our: our.signed('"claims"'),
    "no JSON": lambda our: our.signed(b"\xff\xfe"),
    "deep JSON": lambda our: our.signed(DEEP),
    "a deep header": lambda our: our.headed(DEEP),
    # Of two equal members the last counts, everywhere; another algorithm or key in the header needs our signature.
    "a header's doubled alg": lambda our: our.headed(f'{{"alg":"none","alg":"EdDSA","typ":"JWT","kid":"{our.kid}"}}'),
    "a doubled exp": lambda our: our.signed(json.dumps(our.claims)[:-1] + ', "exp": 1}'),
    # Claims.
    **{f"no {claim}": _without(claim) for claim in ("exp", "iat", "iss", "aud", "sub", "jti", "email")},
    **{
        f"{claim} {kind}": _claim(claim, value)
        for claim, kind, value in (
            ("exp", "long past", 1),
            ("exp", "negative", -1),
            ("exp", "a text", "tomorrow"),
            ("exp", "digits in quotes", "99999999999"),
            ("exp", "a fraction", 9999999999.5),
            ("exp", "nothing", None),
            ("exp", "true", True),
            ("exp", "a list", [9999999999]),
            ("exp", "of 401 digits", 10**400),
            ("exp", "beyond all calendars", 10**15),
            ("exp", "not a number", float("nan")),
            ("nbf", "in the future", 10**10),
            ("nbf", "a list", [1]),
            ("iat", "in the future", 10**10),
            ("iat", "digits in quotes", "1"),
            ("iat", "a fraction", 0.5),
            ("iat", "without end", float("-inf")),
            ("iss", "somebody", "somebody"),
            ("iss", "a list", ["video2mp3/auth"]),
            ("aud", "somebody", "somebody"),
            ("aud", "a list", ["video2mp3"]),
            ("aud", "a longer list", ["video2mp3", "somebody"]),
            ("sub", "empty", ""),
            ("sub", "a number", 1),
            ("sub", "a list", ["somebody"]),
            ("sub", "with NUL", "a\x00b"),
            ("sub", "half a character", "\ud800"),
            ("jti", "not in ASCII", "\N{GRINNING FACE}"),
            ("jti", "an object", {"$ne": ""}),
            ("jti", "with a line break", "a\r\nX-Injected: 1"),
            ("email", "a number", 1),
        )
    },
    "exp 1e400": lambda our: our.signed(json.dumps(our.claims | {"exp": 0}).replace('"exp": 0', '"exp": 1e400')),
    "exp this second": lambda our: our.good(exp=int(time())),
}

# Not possible in HTTP: the server rejects the header before any token is checked.
UNSPEAKABLE: dict[str, Attack] = {
    "a megabyte": lambda our: our.good() + "a" * 1_000_000,
    "NUL": lambda our: our.good() + "\0",
}
