"""Letters about accounts, in a system that sends real mails: there addresses are verified."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from scripts.local.ports import free_port
from scripts.local.stack import Stack
from tests.support.person import parsed
from tests.support.secrecy import PASSPHRASE, secrets_in
from tests.support.stacks import Mailbox, RunningStack
from tests.support.waiting import eventually

PASSWORD, NEW = f"{PASSPHRASE} one", f"{PASSPHRASE} two"


@pytest.fixture(scope="module")
def verifying(state: Path, mailbox: Mailbox) -> Iterator[RunningStack]:
    """A system with an SMTP_URL, whose mails are files all the same."""
    stack = Stack(state / "verifying", mailbox.folder, free_port(), mailbox.url)
    stack.start(print)
    yield RunningStack(stack)
    stack.stop()
    assert secrets_in(stack.supervisor.log, stack.secrets) == []


def post(stack: RunningStack, path: str, **body: str) -> requests.Response:
    return requests.post(f"{stack.url}/auth/{path}", json=body, timeout=30)


def letter(stack: RunningStack, email: str, subject: str, seconds: float = 30) -> str:
    """Return the text of the mail to the address, once it is there."""

    def look() -> EmailMessage | None:
        mails = (parsed(path.read_bytes()) for path in stack.mail.glob("*.eml"))
        return next((mail for mail in mails if (mail["To"], mail["Subject"]) == (email, subject)), None)

    body = eventually(look, seconds, f"the mail {subject!r}").get_body(("plain",))
    assert body
    return str(body.get_content())


def test_account_and_new_password_by_letter(verifying: RunningStack, film_clip: Path) -> None:
    """Register, verify by the code, convert a video, forget the password, set another one by the link.

    Mails about the video have its name in their subject.
    """
    email = f"{uuid4().hex}@people.example"
    assert post(verifying, "register", email=email, password=PASSWORD).status_code == 202
    (code,) = re.findall(r"^ +(\d{8})\s*$", letter(verifying, email, "Confirm your mail address"), re.MULTILINE)
    assert post(verifying, "verify-email", email=email, code=code).status_code == 201
    token = requests.post(f"{verifying.url}/auth/login", auth=(email, PASSWORD), timeout=30).json()["token"]
    with film_clip.open("rb") as video:
        bearer = {"Authorization": f"Bearer {token}"}
        url = f"{verifying.url}/upload?name=summer.mp4"
        assert requests.put(url, video, headers=bearer, timeout=60).status_code == 202
    letter(verifying, email, "Your MP3 is ready: \u201csummer.mp4\u201d", 60)
    assert post(verifying, "forgot", email=email).status_code == 202
    (secret,) = re.findall(rf"{verifying.url}/#reset=(\w+)", letter(verifying, email, "Set a new password"))
    assert post(verifying, "reset", secret=secret, password=NEW).status_code == 204
    assert requests.get(f"{verifying.url}/jobs", headers=bearer, timeout=30).status_code == 401
    assert requests.post(f"{verifying.url}/auth/login", auth=(email, NEW), timeout=30).status_code == 200


def test_letter_arrives_although_broker_and_notify_were_away(verifying: RunningStack) -> None:
    """The event is lost; sweep publishes it again."""
    email = f"{uuid4().hex}@people.example"
    with verifying.away("broker"):
        assert post(verifying, "register", email=email, password=PASSWORD).status_code == 202
    letter(verifying, email, "Confirm your mail address", 110)
