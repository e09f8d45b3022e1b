"""The SMTP server that accepts the mails."""

import smtplib
import socket
import ssl
import time
from contextlib import closing, suppress
from email.message import EmailMessage
from typing import Self
from urllib.parse import unquote, urlsplit

from functions.shared.job.deliveries import Outcome
from functions.shared.settings import Url

ANSWER = 10  # seconds that the server has for each answer
DELIVERY = 30  # seconds after which no further command is sent: an attempt ends well within its lease
LOG_IN_FIRST = {530, 534, 535, 538}  # codes about the login, after any command


class SmtpUrl(Url):
    """`smtp://`, which uses TLS if the server offers it, or `smtps://`, which begins with TLS."""

    __slots__ = ()
    kind = "smtp://[user:password@]host[:port], or smtps:// for TLS from the start, and no default password"

    def __new__(cls, text: str) -> Self:
        parts = urlsplit(text)
        if parts.scheme not in {"smtp", "smtps"} or parts.port == 0:  # an invalid port raises ValueError itself
            raise ValueError
        return super().__new__(cls, text)


class ServerAway(Exception):  # noqa: N818  # a state of the world, as in `SinkAway`
    """The server did not accept the mail this time, or rejects the login."""


class Server:
    """One SMTP server, by its URL. Its certificate has to be valid for its name."""

    def __init__(self, url: SmtpUrl) -> None:
        parts = urlsplit(url)
        self._encrypted = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._encrypted else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")

    def send(self, letter: EmailMessage) -> Outcome:
        """Return SENT once the server has taken the letter, BOUNCED if it never will; else raise ServerAway."""
        try:
            with closing(self._connect()) as session:
                outcome = _deliver(session, letter)
                with suppress(OSError):  # the server has accepted the letter: its answer to QUIT changes nothing
                    session.putcmd("quit")
                return outcome
        except OSError as error:  # smtplib's own are OSErrors too
            raise ServerAway(_describe(error)) from error

    def _connect(self) -> "_Session":
        here = socket.gethostname()  # smtplib would query the DNS for the host name, and wait for the answer
        if self._encrypted:
            session: _Session = _TlsSession(
                self._host, self._port, here, timeout=ANSWER, context=ssl.create_default_context()
            )
        else:
            session = _Session(self._host, self._port, here, timeout=ANSWER)
        try:
            self._greet(session)
        except BaseException:
            session.close()
            raise
        return session

    def _greet(self, session: "_Session") -> None:
        session.ehlo_or_helo_if_needed()
        if not self._encrypted and session.has_extn("starttls"):
            session.starttls(context=ssl.create_default_context())
            session.ehlo()
        if self._user:
            if not isinstance(session.sock, ssl.SSLSocket):
                raise ServerAway("it offers no TLS, and a password is not sent in clear text")
            session.login(self._user, self._password)


class _Session(smtplib.SMTP):
    _began = 0.0

    def send(self, s: object) -> None:
        self._began = self._began or time.monotonic()
        if time.monotonic() - self._began > DELIVERY:
            raise TimeoutError(f"the server took more than {DELIVERY} s")
        super().send(s)  # type: ignore[arg-type]  # typeshed's buffer, which has no public name


class _TlsSession(_Session, smtplib.SMTP_SSL):
    pass


def _deliver(session: smtplib.SMTP, letter: EmailMessage) -> Outcome:
    try:
        session.send_message(letter)
    except smtplib.SMTPRecipientsRefused as refused:
        code = max(code for code, _text in refused.recipients.values())
        if _permanent(code):
            return Outcome.BOUNCED
        raise smtplib.SMTPResponseException(code, "") from refused
    except smtplib.SMTPDataError as refused:
        if _permanent(refused.smtp_code):
            return Outcome.BOUNCED
        raise
    return Outcome.SENT


def _permanent(code: int) -> bool:
    return 500 <= code < 600 and code not in LOG_IN_FIRST


def _describe(error: OSError) -> str:
    """Describe the error without the server's text, which may repeat an address or a login."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
