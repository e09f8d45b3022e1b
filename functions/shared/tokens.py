"""Access tokens (JWT, EdDSA): auth signs them, every function verifies them with the public keys."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from functions.shared import audit
from functions.shared.server.clients import forwarded

ISSUER = "video2mp3/auth"
AUDIENCE = "video2mp3"
ALGORITHM = "EdDSA"
TYPE = "JWT"  # what PyJWT writes for `typ`
LOG_IN = "Log in with POST /auth/login and send the token as `Authorization: Bearer TOKEN`."


class InvalidToken(Exception):  # noqa: N818  # OAuth's own name (RFC 6750, 3.1)
    """No token, or a token that is malformed, expired, revoked or not signed by auth; the text says what to do."""


class SessionEnded(InvalidToken):
    """The token's session was ended by a logout, a password change or the deletion of the account."""

    def __init__(self) -> None:
        super().__init__(f"The session has ended. {LOG_IN}")


@dataclass(frozen=True)
class Caller:
    """The token's user: id and e-mail address; the id of the token's session; when the token expires.

    `verified` is whether somebody has proved to read the mails of the address.
    """

    user: str
    email: str
    session: str
    expires: datetime
    verified: bool = False


class Verifier:
    """Verifies tokens with a JWKS document (RFC 7517) of public keys.

    It cannot see whether the session was ended: `sessions.SessionVerifier` can.
    """

    def __init__(self, keys: str) -> None:
        self._keys = {key["kid"]: jwt.PyJWK(key, ALGORITHM).key for key in json.loads(keys)["keys"]}

    def caller(self, authorization: str | None) -> Caller:
        """Return the caller from the `Authorization` header; raise InvalidToken unless it has a valid token.

        The token has to be valid when the gateway forwards the request: that may wait for a free thread or pod since.
        """
        scheme, _, token = (authorization or "").partition(" ")
        # No padding (RFC 7515, 2), so each token has a single spelling.
        if scheme.lower() != "bearer" or not token or "=" in token:
            raise InvalidToken(f"A token is required. {LOG_IN}")
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys[header["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=max(0.0, time.time() - forwarded.get()),
                options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"], "strict_aud": True},
            )
            user, email, session = (claims[name] for name in ("sub", "email", "jti"))
            expires = datetime.fromtimestamp(claims["exp"], UTC)
        # A hostile token fails in many ways inside the parser, by overflow or wrong types. All mean the same.
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise _invalid() from error
        # Only what auth writes: PyJWT accepts any `typ`, and fractions and quoted digits as times.
        times = (claims["iat"], claims["exp"])
        as_written = header.get("typ") == TYPE and all(type(seconds) is int for seconds in times)
        if not (as_written and all(map(_is_plain, (user, email, session)))):
            raise _invalid()
        audit.identify(user)
        return Caller(user, email, session, expires, claims.get("email_verified") is True)


def _invalid() -> InvalidToken:
    return InvalidToken(f"The token is invalid or expired. {LOG_IN}")


def _is_plain(claim: object) -> bool:
    """Return whether the claim is a text that is safe in any store and log: without NUL or half a surrogate pair."""
    return isinstance(claim, str) and claim != "" and claim.isascii() and claim.isprintable()
