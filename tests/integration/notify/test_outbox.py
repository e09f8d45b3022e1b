"""Letters about accounts: from the outbox to the mail server."""

import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import uuid4

import pytest

from functions.shared import letters
from functions.shared.events import account_mail_requested
from functions.shared.letters import Kind, Letter
from functions.shared.mysql import Database
from scripts.local.ports import HOST, free_port
from tests.integration.notify.conftest import SETTINGS, SelectiveServer
from tests.support.ingress import deliver
from tests.support.person import parsed
from tests.support.stacks import Mailbox, Server, StartFunction

LINK, CODE = "L" * 43, "01234567"
Write = Callable[..., Letter]


@pytest.fixture(scope="session")
def notify(mongodb: Server, mysql: Server, mailbox: Mailbox, start_function: StartFunction) -> str:
    stores = {"MONGODB_URL": mongodb.url_of("notify"), "MYSQL_URL": mysql.url_of("notify")}
    return start_function("notify", SETTINGS | stores | {"SMTP_URL": mailbox.url, "THREADS": "8"})


@pytest.fixture(scope="session")
def selective_notify(mongodb: Server, mysql: Server, selective: SelectiveServer, start_function: StartFunction) -> str:
    stores = {"MONGODB_URL": mongodb.url_of("notify"), "MYSQL_URL": mysql.url_of("notify")}
    return start_function("notify", SETTINGS | stores | {"SMTP_URL": selective.url, "THREADS": "8"})


@pytest.fixture
def database(mysql: Server) -> Database:
    """As auth sees it."""
    return Database(mysql.url_of("auth"))


@pytest.fixture
def write(database: Database) -> Write:
    def write(kind: Kind = Kind.VERIFY, email: str = "", lifetime: int = 900, *, due: bool = True) -> Letter:
        letter = Letter(str(uuid4()), kind, email or f"{uuid4().hex}@people.example", LINK, CODE)
        with database.cursor() as cursor:
            letters.insert(cursor, letter, lifetime, due=due)
        return letter

    return write


def stored(database: Database, letter: Letter) -> tuple[object, ...]:
    """Return outcome, tries, link and code of the letter."""
    with database.cursor() as cursor:
        cursor.execute("SELECT outcome, tries, link, code FROM letters WHERE id = %s", (letter.id,))
        return cursor.fetchone() or ()


def mails_to(mailbox: Mailbox, email: str) -> list[EmailMessage]:
    return [mail for path in sorted(mailbox.folder.glob("*.eml")) if (mail := parsed(path.read_bytes()))["To"] == email]


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Kind.VERIFY, ("Confirm your mail address", "verify-email")),
        (Kind.TAKEN, ("You already have an account", "forgot")),
        (Kind.RESET, ("Set a new password", "reset")),
    ],
)
def test_letter_is_sent_with_link_code_and_command(
    notify: str, mailbox: Mailbox, write: Write, kind: Kind, says: tuple[str, str]
) -> None:
    """The link leads to the public URL, its secret behind the #; the command is one for a shell, long as it is."""
    letter, (subject, route) = write(kind), says
    assert deliver(notify, account_mail_requested(letter.id)).status_code == 200
    (mail,) = mails_to(mailbox, letter.email)
    assert mail["Subject"] == subject
    assert mail["Message-ID"] == f"<{letter.id}.{kind}@video2mp3.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (f"    http://gateway.example:8080/#{kind}={LINK}\n" in text(mail)) == (kind is not Kind.TAKEN)
    assert (f"    {CODE}\n" in text(mail)) == (kind is not Kind.TAKEN)
    (command,) = re.findall(r"^    (curl .*)$", text(mail), re.MULTILINE)
    words = shlex.split(command)
    assert (words[:2], words[-1]) == (["curl", "--json"], f"http://gateway.example:8080/auth/{route}")
    assert "If you did not ask for this" in text(mail)


def test_sent_letter_is_settled_and_its_secrets_erased(notify: str, write: Write, database: Database) -> None:
    letter = write()
    deliver(notify, account_mail_requested(letter.id))
    assert stored(database, letter) == ("sent", 1, "", "")


def test_redelivered_event_sends_no_second_letter(notify: str, mailbox: Mailbox, write: Write) -> None:
    letter = write()
    for _ in range(3):
        assert deliver(notify, account_mail_requested(letter.id)).status_code == 200
    assert len(mails_to(mailbox, letter.email)) == 1


def test_letter_that_is_withheld_or_expired_or_unknown_is_not_sent(
    notify: str, mailbox: Mailbox, write: Write, database: Database
) -> None:
    """Whatever an event says: the outbox decides."""
    withheld, expired = write(due=False), write(lifetime=-1)
    for subject in (withheld.id, expired.id, str(uuid4()), "", "nonsense", "' OR 1=1 --"):
        assert deliver(notify, account_mail_requested(subject)).status_code == 200
    assert [mails_to(mailbox, letter.email) for letter in (withheld, expired)] == [[], []]
    assert (stored(database, withheld)[0], stored(database, expired)[0]) == ("withheld", None)


@pytest.mark.parametrize("before", range(4))
def test_temporary_failure_is_retried_after_a_backoff(
    selective_notify: str, selective: SelectiveServer, write: Write, database: Database, before: int
) -> None:
    """503, and the lease is 1, 2, 4 … minutes; link and code are kept until the letter is sent."""
    letter = write(email="grey@letters.example")
    selective.rcpt.clear()
    with database.cursor() as cursor:
        cursor.execute("UPDATE letters SET tries = %s WHERE id = %s", (before, letter.id))
    assert deliver(selective_notify, account_mail_requested(letter.id)).status_code == 503
    failed = (None, before + 1, LINK, CODE)
    assert stored(database, letter) == failed
    assert abs(due_in(database, letter) - 60 * 2**before) < 20
    assert deliver(selective_notify, account_mail_requested(letter.id)).status_code == 200
    assert stored(database, letter) == failed  # leased
    with database.cursor() as cursor:
        cursor.execute("UPDATE letters SET due = UTC_TIMESTAMP(6) WHERE id = %s", (letter.id,))
    assert deliver(selective_notify, account_mail_requested(letter.id)).status_code == 200
    assert stored(database, letter) == ("sent", before + 2, "", "")


def due_in(database: Database, letter: Letter) -> float:
    with database.cursor() as cursor:
        cursor.execute("SELECT due FROM letters WHERE id = %s", (letter.id,))
        (due,) = cursor.fetchone() or (None,)
    assert isinstance(due, datetime)
    return (due.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()


def test_refused_recipient_is_settled_as_bounced(selective_notify: str, write: Write, database: Database) -> None:
    letter = write(email="unknown@letters.example")
    assert deliver(selective_notify, account_mail_requested(letter.id)).status_code == 200
    assert stored(database, letter) == ("bounced", 1, "", "")


def test_mysql_away_is_503(mongodb: Server, mailbox: Mailbox, start_function: StartFunction) -> None:
    """The broker redelivers the event."""
    nowhere = f"mysql://somebody:unused@{HOST}:{free_port()}/auth"
    env = {"MONGODB_URL": mongodb.url_of("notify"), "SMTP_URL": mailbox.url, "THREADS": "1"}
    notify = start_function("notify", SETTINGS | env | {"MYSQL_URL": nowhere})
    assert deliver(notify, account_mail_requested(str(uuid4()))).status_code == 503
