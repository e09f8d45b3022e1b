"""`video2mp3 doctor`: what is wrong between this machine and the service."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import httpx
import typer
from pydantic import BaseModel

from . import config
from .commands import app, command
from .failures import Failure, Kind
from .names import origin, shortened, shown
from .output import Output
from .records import Record
from .retrying import Patience, Stop
from .service import Service
from .uploads import probe

SECONDS = 10
CLOCK_SECONDS = 60  # of difference that make tokens fail
CERTIFICATE_DAYS = 14
ONCE = Patience(0, 0)


class Info(BaseModel):
    title: str
    version: str


class Description(BaseModel):
    info: Info


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what was found; `failure` if that is wrong."""

    what: str
    text: str
    failure: Failure | None = None


@command(app, "doctor")
def doctor(
    out: Output,
    *,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Another service than that of the login.")] = None,
) -> None:
    """Find what is wrong between this machine and the service: name, network, TLS, clock, login, uploads, mail."""
    known = config.load()
    service_url = origin(url) if url else known and known.url
    if not service_url:
        raise Failure(Kind.USAGE, "Which service? Give --url URL, or log in first.")
    login = known if known and known.url == service_url else None
    status = 0
    for finding in _findings(service_url, login):
        failure = finding.failure
        status = status or int(failure.kind if failure else 0)
        state = "wrong" if failure else "ok"
        text = str(failure) if failure else finding.text
        out.result({"check": finding.what, "state": state, "text": text}, f"{state:<5}  {finding.what:<8}  {text}")
    if status:
        raise typer.Exit(status)


def _findings(url: str, login: config.Login | None) -> Iterator[Finding]:
    """Yield what is found, up to the first fault that hides the rest."""
    place = httpx.URL(url)
    port = place.port or (443 if place.scheme == "https" else 80)
    service = Service(url, login.token if login else None, Stop(), ONCE)
    checks: list[tuple[str, Callable[[], str]]] = [
        ("name", lambda: _resolve(place.host, port)),
        ("network", lambda: _connect(place.host, port)),
    ]
    if place.scheme == "https":
        checks.append(("TLS", lambda: _certificate(place.host, port)))
    checks += [("service", lambda: _describe(service)), ("clock", lambda: _clock(service))]
    checks.append(("login", lambda: _verify(service, login)))
    if login:
        checks.append(("upload", lambda: probe(service, Record(None))))
        checks.append(("mail", lambda: _mail(login)))
    for what, check in checks:
        try:
            yield Finding(what, check())
        except Failure as failure:
            yield Finding(what, "", failure)
            if what != "clock":
                return


def _resolve(host: str, port: int) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        text = f"{shown(host)} has no address: {shown(str(error))}. Check the URL and this machine's DNS."
        raise Failure(Kind.NETWORK, text) from error
    return f"{shown(host)} is {', '.join(sorted({str(entry[4][0]) for entry in found}))}"


def _connect(host: str, port: int) -> str:
    try:
        socket.create_connection((host, port), SECONDS).close()
    except OSError as error:
        text = f"{shown(host)} accepts no connection on port {port}: {error}. Is the service running? A firewall?"
        raise Failure(Kind.NETWORK, text) from error
    return f"port {port} accepts connections"


def _certificate(host: str, port: int) -> str:
    try:
        with (
            socket.create_connection((host, port), SECONDS) as plain,
            closing(ssl.create_default_context().wrap_socket(plain, server_hostname=host)) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        text = f"The certificate is not trusted: {error.verify_message}. SSL_CERT_FILE=FILE names a CA to trust."
        raise Failure(Kind.NETWORK, text) from error
    except OSError as error:
        raise Failure(Kind.NETWORK, f"Port {port} speaks no TLS: {error}. Is it http:// instead?") from error
    left = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC) - datetime.now(UTC)
    soon = ", which is soon: tell the operators" if left.days < CERTIFICATE_DAYS else ""
    return f"the certificate is trusted and valid for {left.days} days{soon}"


def _describe(service: Service) -> str:
    info = service.call("GET", "/openapi.json").read(Description).info
    if info.title != "video2mp3":
        raise Failure(Kind.SERVICE, f"{service.url} is another service: {shortened(info.title, 60)}.")
    return f"video2mp3 {shortened(info.version, 20)}"


def _clock(service: Service) -> str:
    text = service.call("GET", "/").headers.get("Date", "")
    try:
        date = datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return "the service tells no time"
    seconds = round((datetime.now(UTC) - date).total_seconds())
    if abs(seconds) > CLOCK_SECONDS:
        which = "ahead of" if seconds > 0 else "behind"
        text = f"This machine's clock is {abs(seconds)} s {which} the service's. Set it, for example by NTP."
        raise Failure(Kind.SERVICE, text)
    return "this machine's clock is right"


def _verify(service: Service, login: config.Login | None) -> str:
    if login is None:
        raise Failure(Kind.LOGIN, f"You are not logged in. Run `video2mp3 login --url {service.url} --email ADDRESS`.")
    service.call("GET", "/auth/verify")
    return f"logged in as {shown(login.email)}" if login.email else "logged in with a token"


def _mail(login: config.Login) -> str:
    """Say what can be said: no route of the service tells what becomes of its mails."""
    where = f"go to {shown(login.email)}" if login.email else "go to the account's address"
    return f"mails {where}; if none comes, look in the spam folder, and ask the operators for notify's log"
