"""The mail that a user's webhook does not accept results."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bson import ObjectId
from cloudevents.http import CloudEvent
from pymongo.database import Database

from functions.shared.events import audio_converted
from functions.shared.mongo import Document
from tests.support.ingress import deliver
from tests.support.jobs import ended_job, mail_of
from tests.support.person import parsed
from tests.support.stacks import Mailbox


def warned_job(database: Database[Document], email: str) -> ObjectId:
    """Store a job whose mail was sent, and whose webhook was abandoned just now."""
    now = datetime.now(UTC)
    warning = {"outcome": "pending", "tries": 0, "lease": now, "since": now}
    fields: Document = {"deliveries.mail.outcome": "sent", "deliveries.warning": warning}
    return ended_job(database, email=email, **fields)


def outcome(database: Database[Document], job: ObjectId) -> str:
    found = database["jobs"].find_one({"_id": job}) or {}
    return str(found["deliveries"]["warning"]["outcome"])


def subjects(mailbox: Mailbox, email: str) -> list[str]:
    mails = (parsed(file.read_bytes()) for file in sorted(mailbox.folder.glob("*.eml")))
    return [mail["Subject"] for mail in mails if mail["To"] == email]


def about(job: ObjectId) -> CloudEvent:
    return audio_converted(str(job), str(ObjectId()))


def test_owner_is_warned_once(notify: str, mailbox: Mailbox, database: Database[Document]) -> None:
    """However often the event is delivered; the mail says what to do, and its job's mail is not sent again."""
    email = f"{uuid4().hex}@people.example"
    job = warned_job(database, email)
    for _ in range(3):
        assert deliver(notify, about(job)).status_code == 200
    assert outcome(database, job) == "sent"
    assert subjects(mailbox, email) == ["Your webhook does not accept results"]
    (mail,) = [
        mail for file in mailbox.folder.glob("*.eml") if str(job) in (mail := parsed(file.read_bytes()))["Message-ID"]
    ]
    text = mail.get_body(("plain",))
    assert text is not None
    for said in (str(job), "film.mp4", "http://gateway.example:8080/webhook/test", "24 hours"):
        assert said in text.get_content()
    assert mail["Message-ID"] == f"<{job}.done.warning@video2mp3.example>"


def test_recipient_gets_one_warning_a_day(notify: str, mailbox: Mailbox, database: Database[Document]) -> None:
    """Others are settled without a mail; a day later there may be another one."""
    email = f"{uuid4().hex}@people.example"
    jobs = [warned_job(database, email) for _ in range(3)]
    for job in jobs[:2]:
        deliver(notify, about(job))
    assert [outcome(database, job) for job in jobs] == ["sent", "skipped", "pending"]
    yesterday = datetime.now(UTC) - timedelta(hours=24, minutes=1)
    database["recipients"].update_many({"warning": {"$exists": True}}, {"$set": {"warning.at": yesterday}})
    deliver(notify, about(jobs[2]))
    assert len(subjects(mailbox, email)) == 2


def test_warning_waits_for_the_mail(notify: str, mailbox: Mailbox, database: Database[Document]) -> None:
    """A mail that is still due is sent first; the next event brings the warning."""
    email = f"{uuid4().hex}@people.example"
    job = warned_job(database, email)
    database["jobs"].update_one({"_id": job}, {"$set": {"deliveries.mail.outcome": "pending"}})
    deliver(notify, about(job))
    assert (mail_of(database, job)["outcome"], outcome(database, job)) == ("sent", "pending")
    deliver(notify, about(job))
    assert outcome(database, job) == "sent"
    assert sorted(subjects(mailbox, email)) == ["Your MP3 is ready", "Your webhook does not accept results"]
