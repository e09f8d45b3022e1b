"""Accounts and tokens over HTTP."""

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import functions_framework
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from functions.auth import emails
from functions.auth.accounts import Account, Accounts
from functions.auth.database import AWAY, Database, MysqlUrl
from functions.auth.download import Download
from functions.auth.passwords import Passwords
from functions.auth.signer import Signer
from functions.shared import boundary, logs
from functions.shared.problems import Problem, unauthorized
from functions.shared.settings import Url, load
from functions.shared.tokens import LOG_IN, Verifier

LIFETIME = timedelta(hours=1)
LARGEST_BODY = 16 * 1024  # bytes


@dataclass(frozen=True)
class Settings:
    mysql_url: MysqlUrl
    jwt_private_key: str
    jwt_public_keys: str
    download_url: Url


logs.configure()
log = logging.getLogger("auth")
SETTINGS = load(Settings, os.environ)
accounts = Accounts(Database(SETTINGS.mysql_url))
passwords = Passwords(cores=len(os.sched_getaffinity(0)))
signer = Signer(SETTINGS.jwt_private_key, SETTINGS.jwt_public_keys)
verifier = Verifier(SETTINGS.jwt_public_keys)
download = Download(SETTINGS.download_url)


def register(request: Request) -> Response:
    email, password = _texts(request, "email", "password")
    account = accounts.register(emails.normalise(email), passwords.hash(password))
    log.info("registered", extra={"user": account.id})
    return _json({"id": account.id, "email": account.email}, 201)


def login(request: Request) -> Response:
    """Answer the same, and as late, whether the address is unknown or the password is wrong."""
    given = request.authorization
    if given is None or given.type != "basic" or given.username is None or given.password is None:
        raise _wrong_login("Send the address and the password by HTTP Basic, as `curl -u ADDRESS:PASSWORD` does.")
    account = _find(given.username)
    matches = passwords.match(account.password_hash if account else None, given.password)
    if account is None or not matches:
        raise _wrong_login("The address or the password is wrong.")
    issued = datetime.now(UTC)
    session = accounts.open_session(account, issued + LIFETIME)
    if session is None:
        raise _wrong_login("The address or the password is wrong.")
    if passwords.outdated(account.password_hash):
        accounts.rehash(account, passwords.hash(given.password))
    token = signer.token(account.id, account.email, session, issued, issued + LIFETIME)
    return _json({"token": token, "expires_in": int(LIFETIME.total_seconds())}, 200)


def logout(request: Request) -> Response:
    _account, session = _caller(request)
    accounts.close_session(session)
    return Response(status=204)


def change_password(request: Request) -> Response:
    account, _session = _caller(request)
    current, new = _texts(request, "current", "new")
    matches = passwords.match(account.password_hash, current)
    if not matches or not accounts.change_password(account, passwords.hash(new)):
        raise Problem(403, "`current` is not the account's password. Nothing has changed.")
    log.info("password changed", extra={"user": account.id})
    return Response(status=204)


def delete_account(request: Request) -> Response:
    """Delete the files first: as long as they cannot be deleted, the account stays whole."""
    account, _session = _caller(request)
    download.delete_jobs(request.headers["Authorization"])
    accounts.delete(account)
    log.info("account deleted", extra={"user": account.id})
    return Response(status=204)


def verify(request: Request) -> Response:
    _caller(request)
    return Response(status=204)


def keys(request: Request) -> Response:
    public = {"Cache-Control": "public, max-age=300"}
    return Response(SETTINGS.jwt_public_keys, 200, public, content_type="application/jwk-set+json")


ROUTES = Map(
    [
        Rule("/auth/register", methods=["POST"], endpoint=register),
        Rule("/auth/login", methods=["POST"], endpoint=login),
        Rule("/auth/logout", methods=["POST"], endpoint=logout),
        Rule("/auth/password", methods=["POST"], endpoint=change_password),
        Rule("/auth/account", methods=["DELETE"], endpoint=delete_account),
        Rule("/auth/verify", methods=["GET"], endpoint=verify),
        Rule("/auth/keys", methods=["GET"], endpoint=keys),
    ],
    merge_slashes=False,
)


@functions_framework.http
@boundary.http("The store of the accounts", AWAY)
def auth(request: Request) -> Response:
    request.max_content_length = LARGEST_BODY
    request.get_data()  # or 413; what is left unread could reset the connection before the answer arrives
    handle, _arguments = ROUTES.bind_to_environ(request.environ).match()
    response: Response = handle(request)
    return response


def _find(name: str) -> Account | None:
    try:
        return accounts.find(emails.normalise(name))
    except Problem:
        return None


def _caller(request: Request) -> tuple[Account, str]:
    """Return the account and the session of a token whose session nobody has ended; raise a 401 problem otherwise."""
    caller = verifier.caller(request.headers.get("Authorization"))
    account = accounts.find_by_session(caller.session, caller.user)
    if account is None:
        raise unauthorized(f"The session has ended. {LOG_IN}")
    return account, caller.session


def _texts(request: Request, *names: str) -> list[str]:
    """Return the members of the JSON body that have these names; raise a 400 problem if one is not there."""
    try:
        body = json.loads(request.get_data())
        texts = [body[name] for name in names]
    except (ValueError, TypeError, KeyError, RecursionError):
        texts = []
    if not texts or not all(isinstance(text, str) for text in texts):
        shape = ", ".join(f'"{name}": "…"' for name in names)
        raise Problem(400, f"The body must be JSON like {{{shape}}}.")
    return texts


def _json(body: dict[str, object], status: int) -> Response:
    """Return an answer that no cache keeps: it is about one person."""
    text = json.dumps(body) + "\n"
    return Response(text, status, {"Cache-Control": "no-store"}, content_type="application/json")


def _wrong_login(detail: str) -> Problem:
    return Problem(401, detail, {"WWW-Authenticate": 'Basic realm="video2mp3", charset="UTF-8"'})
