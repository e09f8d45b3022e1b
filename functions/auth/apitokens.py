"""API tokens: what one is made of."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from functions.auth import credentials
from functions.auth.accounts import Account
from functions.auth.errors import TokenRefused
from functions.auth.sessions import Scope, Sessions
from functions.shared.tokens import SessionEnded

DEFAULT_DAYS, MAX_DAYS = 90, 365
NAME = re.compile("[^\x00-\x1f\x7f\ud800-\udfff]{1,100}")


class ApiToken(NamedTuple):
    """A new token; `text` is shown once and not stored."""

    id: str
    text: str
    name: str
    scope: Scope
    created: datetime
    expires: datetime


def create(sessions: Sessions, account: Account, name: str, scope: str, days: int) -> ApiToken:
    """Store a new token; raise TokenRefused, TooManyTokens, or SessionEnded if the password was changed meanwhile."""
    if not NAME.fullmatch(name):
        raise TokenRefused("`name` must have 1 to 100 characters, without control characters.")
    if scope not in list(Scope):
        raise TokenRefused("`scope` must be `read` or `write`.")
    if not 1 <= days <= MAX_DAYS:
        raise TokenRefused(f"`expires_in_days` must be a whole number from 1 to {MAX_DAYS}.")
    text, created = credentials.new_token(), datetime.now(UTC).replace(microsecond=0)  # which MySQL would round
    expires = created + timedelta(days=days)
    token = sessions.open_token(account, expires, Scope(scope), name, secret_hash=credentials.digest(text))
    if token is None:
        raise SessionEnded
    return ApiToken(token, text, name, Scope(scope), created, expires)
