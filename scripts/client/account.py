"""The commands about the login and API tokens: `login`, `logout`, `token`."""

import getpass
import platform
import re
import sys
from typing import Annotated
from urllib.parse import quote

import httpx
import typer

from . import config
from .commands import app, command
from .failures import Failure, Kind
from .models import ApiToken, ApiTokens
from .models import Login as Session
from .names import origin, shown
from .output import Output
from .retrying import COMMAND, Stop
from .service import Service

DEFAULT_URL = "http://127.0.0.1:8080"
DAYS = 90
LOCAL = {"localhost", "127.0.0.1", "::1"}

tokens = typer.Typer(
    help="Manage the API tokens of your account; each command asks for the password.", no_args_is_help=True
)
app.add_typer(tokens, name="token")


@command(app, "login")
def login(
    out: Output,
    *,
    url: Annotated[str, typer.Option(metavar="URL", help="The address of the service.")] = DEFAULT_URL,
    email: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Your mail address; the password is asked for.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="An API token instead; `-` reads it from standard input.")
    ] = None,
) -> None:
    """Log in to a service.

    Makes an API token of this machine by address and password, and stores it: in the keyring if there is one (install
    video2mp3[keyring]), else in a file that you alone may read. Where standard input is no terminal, the password is
    its first line.
    """
    service_url = origin(url)
    if service_url is None:
        raise Failure(Kind.USAGE, f"{shown(url)} is no address of a service, such as https://mp3.example.org.")
    if bool(email) == bool(token):
        raise Failure(Kind.USAGE, "Give either --email or --token.")
    if httpx.URL(service_url).scheme == "http" and httpx.URL(service_url).host not in LOCAL:
        out.note(f"{service_url} is not encrypted: others can read your login on the way.")
    if token:
        given = _secret("API token") if token == "-" else token  # noqa: S105  # not a token
        if not re.fullmatch("[!-~]+", given):
            raise Failure(Kind.LOGIN, "This is no API token, which has letters, digits and signs of ASCII alone.")
        Service(service_url, given, Stop(), COMMAND).call("GET", "/auth/verify")
        new = config.Login(service_url, given)
    else:
        name = f"video2mp3 on {shown(platform.node() or 'a machine')}"[:100]
        with_password = _Account(service_url, str(email))
        made = with_password.create_token(name, "write", DAYS)
        with_password.end()
        new = config.Login(service_url, made.token, str(email), made.id)
    place = config.save(new)
    out.result({"url": service_url, "email": new.email}, f"Logged in to {service_url}. The token is in {shown(place)}.")


@command(app, "logout")
def logout(
    out: Output,
    *,
    forget: Annotated[
        bool, typer.Option("--forget", help="Leave the token valid, without asking the service.")
    ] = False,
) -> None:
    """Delete the API token that `login` made, and forget the login. A token that was given to `login` stays valid."""
    known = config.require()
    if known.token_id and not forget:
        # 401: it has expired, or has been deleted.
        Service(known.url, known.token, Stop(), COMMAND).call("POST", "/auth/logout", accept=(401,))
    config.forget()
    out.result({"url": known.url}, f"Logged out of {known.url}.")


@command(tokens, "create")
def create_token(
    out: Output,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the token is for.")],
    *,
    scope: Annotated[
        str, typer.Option(metavar="read|write", help="read lists and downloads, write does everything.")
    ] = "read",
    days: Annotated[int, typer.Option(metavar="DAYS", help="After how many days it expires, at most 365.")] = DAYS,
) -> None:
    """Make an API token for a program, and print it: it is shown once."""
    with_password = _known()
    made = with_password.create_token(name, scope, days)
    with_password.end()
    out.result(made.model_dump(mode="json"), made.token)


@command(tokens, "ls")
def list_tokens(out: Output) -> None:
    """List the API tokens of your account."""
    with_password = _known()
    found = with_password.tokens()
    with_password.end()
    for entry in found:
        used = f"{entry.last_used.astimezone():%Y-%m-%d}" if entry.last_used else "never"
        expires = f"{entry.expires.astimezone():%Y-%m-%d}"
        text = f"{shown(entry.id)}  {shown(entry.scope):<5}  expires {expires}  used {used:<10}  {shown(entry.name)}"
        out.result(entry.model_dump(mode="json", exclude={"token"}), text)


@command(tokens, "rm")
def remove_token(out: Output, number: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Delete an API token: it is refused from now on."""
    with_password = _known()
    with_password.delete_token(number)
    with_password.end()
    out.result({"deleted": number}, f"deleted {number}")


class _Account:
    """A session that was opened by the password, which API tokens need."""

    def __init__(self, url: str, email: str) -> None:
        """Ask for the password; raise Failure."""
        credentials = (email, _secret(f"Password of {shown(email)}"))
        answer = Service(url, None, Stop(), COMMAND).call("POST", "/auth/login", auth=credentials, accept=(401,))
        if answer.status == 401:
            raise Failure(Kind.LOGIN, "Wrong address or password.")
        self._service = Service(url, answer.read(Session).token, Stop(), COMMAND)

    def create_token(self, name: str, scope: str, days: int) -> ApiToken:
        body = {"name": name, "scope": scope, "expires_in_days": days}
        return self._service.call("POST", "/auth/tokens", json=body, repeat=False).read(ApiToken)

    def tokens(self) -> list[ApiToken]:
        return self._service.call("GET", "/auth/tokens").read(ApiTokens).tokens

    def delete_token(self, number: str) -> None:
        self._service.call("DELETE", f"/auth/tokens/{quote(number, safe='')}")

    def end(self) -> None:
        self._service.call("POST", "/auth/logout")


def _known() -> _Account:
    """Return the session of the account that is logged in."""
    known = config.require()
    if not known.email:
        raise Failure(Kind.LOGIN, "You are logged in with a token, which cannot manage tokens. Log in with --email.")
    return _Account(known.url, known.email)


def _secret(what: str) -> str:
    """Ask for a secret, or read the first line of standard input if it is no terminal."""
    secret = getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not secret:
        raise Failure(Kind.LOGIN, f"{what}: nothing was given.")
    return secret
