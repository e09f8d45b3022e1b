"""Users with tokens, who call a function without the gateway."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import requests

from functions.shared.mysql import Database
from scripts.local.secrets import Secrets


@dataclass(frozen=True)
class Caller:
    """A logged-in user who calls the function at `url`."""

    url: str
    user: str
    token: str
    session: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        return requests.request(method, self.url + path, headers=self.headers | (headers or {}), timeout=60, **options)


def newcomer(url: str, secrets: Secrets, expires: float = 3600) -> Caller:
    """Return a user that the function has never seen, with an open session in MySQL, which has to run.

    The token is valid for `expires` seconds.
    """
    caller = with_token(url, secrets, expires)
    with Database(secrets.read("mysql-auth", "url")).cursor() as cursor:
        user = "INSERT INTO users (id, email, password_hash, created) VALUES (%s, %s, '', UTC_TIMESTAMP())"
        cursor.execute(user, (caller.user, caller.user))
        session = (caller.session, caller.user, datetime.now(UTC) + timedelta(hours=1))
        cursor.execute("INSERT INTO sessions (id, user_id, expires) VALUES (%s, %s, %s)", session)
    return caller


def with_token(url: str, secrets: Secrets, expires: float = 3600) -> Caller:
    """Return a user with a token that is valid for `expires` seconds, but without a session."""
    (key,) = json.loads(secrets.read("jwt-public", "keys"))["keys"]
    user, now = uuid4().hex, int(time.time())
    claims = {
        "iss": "video2mp3/auth",
        "aud": "video2mp3",
        "sub": user,
        "email": f"{user}@people.example",
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + int(expires),
    }
    token = jwt.encode(claims, secrets.read("jwt-private", "key"), "EdDSA", {"kid": key["kid"]})
    return Caller(url, user, token, str(claims["jti"]))
