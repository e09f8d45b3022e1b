"""Access tokens (JWT, EdDSA): auth signs them, everybody verifies them with the public keys."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from functions.shared.problems import unauthorized

ISSUER = "video2mp3/auth"
AUDIENCE = "video2mp3"
ALGORITHM = "EdDSA"
TYPE = "JWT"  # what PyJWT writes for `typ`
LOG_IN = "Log in with POST /auth/login and send the token as `Authorization: Bearer TOKEN`."


@dataclass(frozen=True)
class Caller:
    """Who calls: the user's id and address, and the session that the token belongs to."""

    user: str
    email: str
    session: str
    expires: datetime


class Verifier:
    """Checks tokens against a JWKS document (RFC 7517) of public keys.

    Whether the session still lives only auth knows: the gateway asks it before every request.
    """

    def __init__(self, keys: str) -> None:
        self._keys = {key["kid"]: jwt.PyJWK(key, ALGORITHM).key for key in json.loads(keys)["keys"]}

    def caller(self, authorization: str | None) -> Caller:
        """Return who sends this `Authorization` header; raise a 401 problem for anything but a valid token."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token or "=" in token:  # no padding (RFC 7515, 2): one spelling a token
            raise unauthorized(f"This needs a token. {LOG_IN}")
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys[header["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"], "strict_aud": True},
            )
            user, email, session = (claims[name] for name in ("sub", "email", "jti"))
            expires = datetime.fromtimestamp(claims["exp"], UTC)
        # A hostile token fails in many ways inside the parser, by overflow or wrong types. All mean 401.
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise unauthorized(f"The token is not valid or no longer. {LOG_IN}") from error
        # As auth writes them: PyJWT takes any `typ`, and fractions and digits in quotes for times.
        times = (claims["iat"], claims["exp"])
        as_written = header.get("typ") == TYPE and all(type(time) is int for time in times)
        if not (as_written and all(map(_is_plain, (user, email, session)))):
            raise unauthorized(f"The token is not valid or no longer. {LOG_IN}")
        return Caller(user, email, session, expires)


def _is_plain(claim: object) -> bool:
    """Say whether it is a text that no store and no log can stumble over: without NUL or half a surrogate pair."""
    return isinstance(claim, str) and claim != "" and claim.isascii() and claim.isprintable()
