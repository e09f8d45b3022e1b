"""The mail about how a job ended, as plain text and as HTML.

The address may belong to a person who never uploaded anything; file name and options are the uploader's text. So they
are in the body alone: short, labelled as what they are, and not clickable. If the address was verified, uploader and
reader are one: then the subject has the file name, too.
"""

import re
from datetime import UTC, datetime, timedelta
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from html import escape
from shlex import quote
from typing import Self

from functions.shared.job.document import Job, Mp3
from functions.shared.settings import Text, Url

LONGEST_NAME = 60  # characters of the file name that the mail shows
LONGEST_VALUE = 30  # characters of an option's value that the mail shows
LONGEST_LINE = 76  # characters of a line of options
# Mail programs make links of whatever looks like an address, even of "holiday.mov": `.mov` is a top-level domain. An
# invisible word joiner prevents that. "film.mp4" stays as it is: a top-level domain is letters, or begins with `xn--`.
IN_LINKS = re.compile(r"(?<=[.:@\u3002\uff0e\uff61])(?=[^\W\d_]{2,}+(?!\d))")
WORD_JOINER = "\u2060"
# A value that is shown as it is: every one that is not a text of the uploader's.
PLAIN = re.compile(rf"[A-Za-z0-9,-]{{1,{LONGEST_VALUE}}}|-?\d{{1,5}}\.\d{{1,3}}", re.ASCII)


class _Headers(HeaderRegistry):
    """Makes one class for all headers of a name, where the standard library makes one for each header."""

    @cache  # noqa: B019  # the only instance lives as long as the process
    def __getitem__(self, name: str) -> type[BaseHeader]:
        return super().__getitem__(name)


POLICY = policy.SMTP.clone(header_factory=_Headers())


class Sender(Text):
    """The sender of the mails, such as `video2mp3 <no-reply@example.org>`."""

    __slots__ = ()
    kind = "an address, as in `video2mp3 <no-reply@example.org>`"

    def __new__(cls, text: str) -> Self:
        if not text.isprintable():
            raise ValueError
        _address(*parseaddr(text))
        return super().__new__(cls, text)

    @property
    def address(self) -> Address:
        return _address(*parseaddr(self))


def compose(job: Job, sender: Sender, public_url: Url) -> EmailMessage:
    """Return the mail about a finished job; raise ValueError if its owner's address is not a valid mail address."""
    name = shown(job.name)
    url = public_url.rstrip("/")
    if job.mp3:
        outcome, subject = "converted", "Your MP3 is ready"
        parts = _converted(job, job.mp3, name, url)
    else:
        outcome, subject = "failed", "Your video could not be converted to MP3"
        parts = _failed(job, name, url)

    if job.verified:
        subject = f"{subject}: {name}"
    letter = write(sender, job.email, subject, f"{job.id}.{outcome}", parts)
    if job.trace:
        letter["Traceparent"] = job.trace.parent
        letter["X-Request-Id"] = job.trace.request
    return letter


def warn(job: Job, sender: Sender, public_url: Url) -> EmailMessage:
    """Return the mail that the owner's webhook did not accept the result of a job; raise ValueError as `compose`."""
    url = public_url.rstrip("/")
    call = "curl -H 'Authorization: Bearer TOKEN'"
    facts = [f"File name: {shown(job.name)}", f"Job id:    {job.id}"]
    said = "Your webhook has not accepted the result of a video for 24 hours. The result is not sent again."
    look = "To see the webhook and to send it a test message, log in and replace TOKEN with the token that is printed:"
    calls = [*log_in(job, url), f"{call} {quote(f'{url}/webhook')}", f"{call} -X POST {quote(f'{url}/webhook/test')}"]
    parts: list[Part] = [
        (said, facts),
        ("There may be more such results. After three days of failures the webhook is turned off.", []),
        (look, calls),
        ("To turn the webhook on again, set it with PUT /webhook.", []),
        ("An address gets at most one such mail in 24 hours.", []),
    ]
    return write(sender, job.email, "Your webhook does not accept results", f"{job.id}.{job.state}.warning", parts)


# A part of a letter: a sentence, then preformatted lines, such as commands.
Part = tuple[str, list[str]]


def write(sender: Sender, recipient: str, subject: str, name: str, parts: list[Part]) -> EmailMessage:
    """Return a mail whose Message-ID begins with `name`; raise ValueError if `recipient` is not a valid mail address.

    Copies of a mail must have the same `name`, and different mails different ones: mail servers drop duplicates.
    """
    letter = EmailMessage(POLICY)
    letter["From"] = sender.address
    letter["To"] = _address("", recipient)
    letter["Subject"] = subject
    letter["Date"] = format_datetime(datetime.now(UTC))
    letter["Message-ID"] = f"<{name}@{sender.address.domain}>"
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office replies stay away
    letter.set_content("\n\n".join(_text(*part) for part in parts) + "\n", cte="quoted-printable")
    html = "\n".join(_html(*part) for part in parts)
    letter.add_alternative(f"<!doctype html>\n<html><body>\n{html}\n</body></html>\n", "html", cte="quoted-printable")
    return letter


def _converted(job: Job, mp3: Mp3, name: str, url: str) -> list[Part]:
    facts = [
        f"MP3 id:    {mp3.id}",
        f"File name: {name}",
        f"Duration:  {_duration(mp3.duration)}",
        f"Size:      {_human(mp3.size)}",
        *options(job),
    ]
    fetch = [*log_in(job, url), f"curl -OJ -H 'Authorization: Bearer TOKEN' {quote(f'{url}/download/{mp3.id}')}"]
    lacking = "Some of the video's audio could not be converted: it is damaged, or in a form that is not supported."
    return [
        ("Your MP3 is ready.", facts),
        *([(lacking, [])] if job.incomplete else []),
        ("To download the MP3, log in and replace TOKEN with the token that the login prints:", fetch),
        ("The MP3 is deleted after some days.", []),
    ]


def _failed(job: Job, name: str, url: str) -> list[Part]:
    again = [*log_in(job, url), f"curl -F file=@VIDEO -H 'Authorization: Bearer TOKEN' {quote(f'{url}/upload')}"]
    facts = [f"File name: {name}", f"Job id:    {job.id}", *options(job)]
    return [
        ("Your video could not be converted to MP3.", facts),
        (why(job), []),
        ("To try again, log in, replace TOKEN with the token that the login prints, and upload a video:", again),
    ]


def _address(name: str, address: str) -> Address:
    """Return the address; raise ValueError if it is not one that every server accepts."""
    try:
        parsed = Address(name, addr_spec=address)
    except (HeaderParseError, IndexError) as error:
        raise ValueError from error
    if not (parsed.username and parsed.domain and address.isascii()):
        raise ValueError
    return parsed


def log_in(job: Job, url: str) -> list[str]:
    return [f"curl -X POST -u {quote(job.email)} {quote(f'{url}/auth/login')}"]


def why(job: Job) -> str:
    """Return the reason of a failed job as one line without links: it may name what the video has."""
    return IN_LINKS.sub(WORD_JOINER, _printable(job.reason.message)) if job.reason else "The conversion failed."


def _text(says: str, lines: list[str]) -> str:
    return "\n".join([says, *(f"    {line}" for line in lines)])


def _html(says: str, lines: list[str]) -> str:
    listing = f"\n<pre>{escape(chr(10).join(lines))}</pre>" if lines else ""
    return f"<p>{escape(says)}</p>{listing}"


def options(job: Job) -> list[str]:
    """Return the lines that say which options were asked for, such as `quality=128k, start=90`; none if none was."""
    lines: list[str] = []
    for name, value in job.options.words().items():
        word = f"{name}={value if PLAIN.fullmatch(value) else shown(value, LONGEST_VALUE)}"
        if lines and len(f"{lines[-1]}, {word}") <= LONGEST_LINE:
            lines[-1] += f", {word}"
        elif lines:
            lines[-1] += ","
            lines.append(f"{'':11}{word}")
        else:
            lines.append(f"Options:   {word}")
    return lines


def shown(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a file name, or another text, as the mail shows it: quoted, cut to `longest` characters, without links."""
    text = _printable(name)
    short = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return f"“{IN_LINKS.sub(WORD_JOINER, short)}”"


def _printable(text: str) -> str:
    """Return one line without control characters, bidirectional marks and similar, which could mislead readers."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _duration(seconds: float) -> str:
    """Return hours, minutes and seconds; of less than ten seconds their tenths."""
    return f"{seconds:.1f} s" if seconds < 9.95 else str(timedelta(seconds=round(seconds)))


def _human(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
