"""At most 59 mails to one recipient within 24 hours, and one digest of the rest."""

import email
import email.policy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from unittest import mock

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import AutoReconnect

from functions.notify.letter import Sender
from functions.notify.notifier import Notifier
from functions.notify.server import ServerAway
from functions.shared.events import audio_converted
from functions.shared.job.conversions import GAVE_UP
from functions.shared.job.deliveries import Channel, Deliveries, Outcome
from functions.shared.job.held import Held
from functions.shared.job.reopening import Reopening
from functions.shared.mongo import Document
from functions.shared.retry import RetryLater
from functions.shared.settings import Url
from infra.mongodb.setup import make_indexes
from tests.support.clock import advance
from tests.support.ingress import deliver
from tests.support.jobs import ended_job, mail_of
from tests.support.stacks import Mailbox, Server

DAY, HOUR = timedelta(hours=24), timedelta(hours=1)
LIMIT = 59
ANNA = "anna@people.example"


class MailServer:
    """Takes mails, or is away."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.away = False

    def send(self, letter: EmailMessage) -> Outcome:
        if self.away:
            raise ServerAway
        self.mails.append(letter)
        return Outcome.SENT

    def digests(self) -> list[EmailMessage]:
        return [mail for mail in self.mails if ".digest@" in mail["Message-ID"]]

    def forget(self) -> None:
        self.mails.clear()


@pytest.fixture(scope="module")
def own_database(mongodb: Server) -> Iterator[Database[Document]]:
    with MongoClient[Document](mongodb.url, tz_aware=True) as client:
        make_indexes(client["allowance"])
        yield client["allowance"]
        client.drop_database("allowance")


@pytest.fixture
def store(own_database: Database[Document]) -> Database[Document]:
    for name in ("jobs", "recipients"):
        own_database[name].delete_many({})
    return own_database


@pytest.fixture
def server() -> MailServer:
    return MailServer()


@pytest.fixture
def notifier(store: Database[Document], server: MailServer) -> Notifier:
    sender = Sender("video2mp3 <no-reply@video2mp3.example>")
    return Notifier(store, server, sender, Url("http://gateway.example:8080"))


def mail_jobs(notifier: Notifier, store: Database[Document], count: int, email: str = ANNA) -> list[ObjectId]:
    jobs = [ended_job(store, email=email) for _ in range(count)]
    for job in jobs:
        notifier.notify(job)
    return jobs


def held_jobs(notifier: Notifier, store: Database[Document], count: int) -> list[ObjectId]:
    """Use up the recipient's allowance; return the `count` jobs whose mails are held then."""
    mail_jobs(notifier, store, LIMIT)
    return mail_jobs(notifier, store, count)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


def mp3_of(store: Database[Document], job: ObjectId) -> str:
    return str((store["jobs"].find_one({"_id": job}) or {})["mp3"]["id"])


def outcomes(store: Database[Document], jobs: list[ObjectId]) -> set[str]:
    return {mail_of(store, job)["outcome"] for job in jobs}


def test_of_61_mails_59_are_sent_and_two_come_in_one_digest_when_the_window_frees(
    notify: str, mailbox: Mailbox, database: Database[Document]
) -> None:
    """With the function, its rights and a mail server, eight events at a time; afterwards mails are sent at once."""
    address = "sixty-one@people.example"
    jobs = [ended_job(database, email=address) for _ in range(LIMIT + 2)]

    def mailed() -> list[EmailMessage]:
        files = [file.read_bytes() for file in mailbox.folder.glob("*.eml")]
        mails = [email.message_from_bytes(file, _class=EmailMessage, policy=email.policy.default) for file in files]
        return [mail for mail in mails if mail["To"] == address]

    def deliver_all(jobs: list[ObjectId]) -> set[int]:
        with ThreadPoolExecutor(8) as pool:
            events = [audio_converted(str(job), str(job)) for job in jobs]
            return set(pool.map(lambda event: deliver(notify, event).status_code, events))

    for _ in range(2):
        assert deliver_all(jobs) == {200}
        assert len(mailed()) == LIMIT
    held = [job for job in jobs if "held" in mail_of(database, job)]
    assert len(held) == 2

    advance(database, DAY)
    assert deliver_all(held) == {200}
    assert outcomes(database, jobs) == {"sent"}
    (digest,) = [mail for mail in mailed() if ".digest@" in mail["Message-ID"]]
    assert len(mailed()) == LIMIT + 1
    assert all(mp3_of(database, job) in text_of(digest) for job in held)
    deliver_all([ended_job(database, email=address)])
    assert len(mailed()) == LIMIT + 2


def test_deleted_jobs_make_no_room(notifier: Notifier, store: Database[Document], server: MailServer) -> None:
    """The mails are counted by address, in any spelling of it, whatever becomes of its jobs or its account."""
    mail_jobs(notifier, store, LIMIT)
    store["jobs"].delete_many({})
    jobs = [*mail_jobs(notifier, store, 1), *mail_jobs(notifier, store, 1, ANNA.upper())]
    assert len(server.mails) == LIMIT
    assert outcomes(store, jobs) == {"pending"}


def test_recipient_is_stored_as_a_hash_that_expires(notifier: Notifier, store: Database[Document]) -> None:
    mail_jobs(notifier, store, 1)
    (recipient,) = store["recipients"].find()
    assert "anna" not in str(recipient)
    assert recipient["last"] >= recipient["mails"][0]["at"]
    assert store["recipients"].index_information()["last_1"]["expireAfterSeconds"] == DAY.total_seconds()


def test_other_recipient_is_not_affected(notifier: Notifier, store: Database[Document], server: MailServer) -> None:
    mail_jobs(notifier, store, LIMIT + 1)
    server.forget()
    mail_jobs(notifier, store, LIMIT, "ben@people.example")
    assert [mail["To"] for mail in server.mails] == ["ben@people.example"] * LIMIT


def test_retry_counts_once_and_at_the_time_of_its_last_attempt(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """A mail that the server takes at the third attempt counts once, for 24 hours from then."""
    server.away = True
    job = ended_job(store, email=ANNA)
    for _ in range(2):
        with pytest.raises(RetryLater):
            notifier.notify(job)
        advance(store, HOUR)
    server.away = False
    notifier.notify(job)
    (recipient,) = store["recipients"].find()
    (counted,) = recipient["mails"]
    assert datetime.now(UTC) - counted["at"] < timedelta(seconds=30)


def test_of_eight_mails_at_once_the_last_one_allowed_is_sent(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """With one mail left of the allowance, one of eight concurrent attempts sends its mail, and seven are held."""
    with ThreadPoolExecutor(8) as pool:
        for number in range(5):
            address = f"{number}{ANNA}"
            server.forget()
            list(pool.map(notifier.notify, [ended_job(store, email=address) for _ in range(LIMIT - 1)]))
            jobs = [ended_job(store, email=address) for _ in range(8)]
            list(pool.map(notifier.notify, jobs))
            assert len(server.mails) == LIMIT
            assert sorted("held" in mail_of(store, job) for job in jobs) == [False] + [True] * 7


def test_held_mails_that_are_due_at_once_make_one_digest(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """Eight concurrent attempts on eight held mails send one digest about all eight, and no attempt sends another."""
    jobs = held_jobs(notifier, store, 8)
    advance(store, DAY)
    server.forget()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(notifier.notify, jobs))
    (digest,) = server.mails
    assert all(mp3_of(store, job) in text_of(digest) for job in jobs)
    assert digest["Subject"] == "Results of 8 videos"
    assert outcomes(store, jobs) == {"sent"}
    for job in jobs:
        notifier.notify(job)
    assert len(server.mails) == 1


def test_held_mail_waits_until_the_oldest_mail_is_24_hours_old(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """Before that no event about it sends anything; the sweeper republishes it afterwards, as its lease says."""
    mail_jobs(notifier, store, 1)
    advance(store, HOUR)
    mail_jobs(notifier, store, LIMIT - 1)
    (job,) = mail_jobs(notifier, store, 1)
    assert abs(mail_of(store, job)["lease"] - datetime.now(UTC) - 23 * HOUR) < timedelta(minutes=1)
    server.forget()
    advance(store, 22 * HOUR)
    notifier.notify(job)
    assert not server.mails
    advance(store, HOUR)
    notifier.notify(job)
    assert len(server.mails) == 1


def test_next_digest_is_sent_24_hours_after_the_last(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """Mails that are held while a digest is less than 24 hours old wait until it is that old."""
    first = held_jobs(notifier, store, 2)
    advance(store, DAY)
    mail_jobs(notifier, store, LIMIT)
    advance(store, HOUR)  # the digest is sent an hour after the first of the new mails
    notifier.notify(first[0])
    second = mail_jobs(notifier, store, 2)
    assert abs(mail_of(store, second[0])["held"] - datetime.now(UTC) - DAY) < timedelta(minutes=1)
    server.forget()
    advance(store, DAY - timedelta(minutes=1))
    for job in second:
        notifier.notify(job)
    assert not server.mails
    advance(store, timedelta(minutes=1))
    notifier.notify(second[0])
    (digest,) = server.mails
    assert "Results of 2 videos" in digest["Subject"]
    assert outcomes(store, [*first, *second]) == {"sent"}


def test_held_mail_that_becomes_due_while_a_digest_is_new_is_held_again(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """A mail that was held for a shorter time than the last digest demands does not follow that digest."""
    first = held_jobs(notifier, store, 2)
    advance(store, DAY)
    notifier.notify(first[0])
    late = ended_job(store, email=ANNA)
    due = {"deliveries.mail.held": datetime.now(UTC), "deliveries.mail.lease": datetime.now(UTC)}
    store["jobs"].update_one({"_id": late}, {"$set": due | {"deliveries.mail.tries": 1}})
    server.forget()
    notifier.notify(late)
    assert not server.mails
    assert abs(mail_of(store, late)["held"] - datetime.now(UTC) - DAY) < timedelta(minutes=1)
    advance(store, DAY)
    notifier.notify(late)
    (mail,) = server.mails
    assert mail["Message-ID"].startswith(f"<{late}.converted@")


def test_crash_after_sending_repeats_the_digest_and_loses_nothing(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """The repeated digest has the same Message-ID; one with another result in it has another Message-ID."""
    jobs = held_jobs(notifier, store, 2)
    advance(store, DAY)

    def die_after_sending() -> None:
        with (
            mock.patch.object(Deliveries, "settle", side_effect=AutoReconnect),
            pytest.raises(AutoReconnect),
        ):
            notifier.notify(jobs[0])
        advance(store, HOUR)

    die_after_sending()
    die_after_sending()
    mail_jobs(notifier, store, LIMIT)
    jobs += mail_jobs(notifier, store, 1)
    notifier.notify(jobs[0])
    first, second, third = server.digests()
    assert first["Message-ID"] == second["Message-ID"] != third["Message-ID"]
    assert all(mp3_of(store, job) in text_of(third) for job in jobs)
    assert outcomes(store, jobs) == {"sent"}


def test_digest_is_retried_while_the_mail_server_is_away(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """The attempt's lease is the backoff, as for any mail; other held mails of the recipient wait meanwhile."""
    jobs = held_jobs(notifier, store, 3)
    advance(store, DAY)
    server.forget()
    server.away = True
    with pytest.raises(RetryLater):
        notifier.notify(jobs[0])
    notifier.notify(jobs[1])
    server.away = False
    advance(store, HOUR)
    notifier.notify(jobs[0])
    assert len(server.mails) == 1
    assert outcomes(store, jobs) == {"sent"}


def test_result_that_the_owner_knows_is_not_in_a_digest(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """A crash between the two records of a sent mail repeats nothing: the next attempt only settles it."""
    jobs = held_jobs(notifier, store, 3)
    store["jobs"].update_one({"_id": jobs[2]}, {"$set": {"deliveries.mail.delivered": "done"}})
    advance(store, DAY)
    server.forget()
    for job in jobs:
        notifier.notify(job)
    assert [mail["Subject"] for mail in server.mails] == ["Results of 2 videos"]
    assert outcomes(store, jobs) == {"sent"}


def test_rejected_digest_settles_all_its_mails_as_bounced(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    jobs = held_jobs(notifier, store, 3)
    advance(store, DAY)
    with mock.patch.object(server, "send", return_value=Outcome.BOUNCED):
        notifier.notify(jobs[1])
    assert outcomes(store, jobs) == {"bounced"}


def test_deleted_job_delays_the_digest_of_the_others_by_a_day_at_most(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    """Another attempt sends the digest if the job is deleted whose attempt began to send it."""
    jobs = held_jobs(notifier, store, 3)
    advance(store, DAY)
    server.forget()
    server.away = True
    with pytest.raises(RetryLater):
        notifier.notify(jobs[0])
    store["jobs"].delete_one({"_id": jobs.pop(0)})
    server.away = False
    for job in jobs:
        notifier.notify(job)
    advance(store, DAY)
    assert Deliveries(store, Channel.MAIL).abandon() == 0
    notifier.notify(jobs[0])
    assert [mail["Subject"] for mail in server.mails] == ["Results of 2 videos"]


def test_digest_lists_results_as_a_mail_does(notifier: Notifier, store: Database[Document], server: MailServer) -> None:
    """Each result with its labelled, cut and unclickable file name, its options, and its MP3's id or reason; nothing in
    a header.
    """
    name = "www.evil.example/" + "x" * 100
    mail_jobs(notifier, store, LIMIT)
    done = ended_job(store, email=ANNA, name=name, options={"start": "90", "title": "a.example"})
    failed = ended_job(store, "failed", email=ANNA, name="b\n<b>.mp4")
    for job in (done, failed):
        notifier.notify(job)
    advance(store, DAY)
    notifier.notify(failed)
    digest = server.mails[-1]
    text = text_of(digest)
    result = f"    Options:   start=90, title=“a.\u2060example”\n        MP3 id: {mp3_of(store, done)}"
    assert f"File name: “www.\u2060evil.\u2060example/{'x' * 42}…”\n{result}" in text
    assert "File name: “b <b>.mp4”\n        Failed: The video has no sound track." in text
    assert "http://gateway.example:8080/jobs?limit=100" in text
    html = digest.get_body(("html",))
    assert html
    assert "<b>" not in html.get_content()
    headers = str(digest.items())
    assert "evil" not in headers
    assert (digest["To"], digest["Auto-Submitted"]) == (ANNA, "auto-generated")


def test_digest_lists_100_results_and_counts_the_others(
    notifier: Notifier, store: Database[Document], server: MailServer
) -> None:
    jobs = held_jobs(notifier, store, 103)
    advance(store, DAY)
    notifier.notify(jobs[50])
    digest = server.mails[-1]
    assert digest["Subject"] == "Results of 103 videos"
    assert text_of(digest).count("File name:") == 100
    assert "3 more videos are not listed" in text_of(digest)
    assert outcomes(store, jobs) == {"sent"}
    assert max(len(line) for line in digest.as_bytes().splitlines()) <= 998


def test_held_mail_is_abandoned_a_day_after_it_could_be_sent(notifier: Notifier, store: Database[Document]) -> None:
    """A held mail is older than a day before it may be sent; the day of attempts begins only then."""
    mails = Deliveries(store, Channel.MAIL)
    (job,) = held_jobs(notifier, store, 1)
    for passed in (HOUR, DAY, DAY - 2 * HOUR):
        advance(store, passed)
        assert mails.abandon() == 0
    advance(store, 2 * HOUR)
    assert mails.abandon() == 1
    assert outcomes(store, [job]) == {"abandoned"}


def test_mail_that_an_attempt_is_about_to_hold_is_not_abandoned(notifier: Notifier, store: Database[Document]) -> None:
    """A day after its end a pending mail is left to the attempt that has a lease on it."""
    mails = Deliveries(store, Channel.MAIL)
    mail_jobs(notifier, store, LIMIT)
    old = datetime.now(UTC) - DAY - HOUR
    job = ended_job(store, email=ANNA, finished=old)
    with mock.patch.object(Held, "hold"):
        notifier.notify(job)
    assert mails.abandon() == 0
    advance(store, HOUR)
    assert mails.abandon() == 1


def test_attempt_that_lost_its_lease_holds_nothing(store: Database[Document]) -> None:
    """A slow attempt does not hold a mail that another attempt may be sending."""
    mails = Deliveries(store, Channel.MAIL)
    job = ended_job(store, email=ANNA)
    slow = mails.claim(job)
    assert slow
    advance(store, HOUR)
    assert mails.claim(job)
    Held(store, Channel.MAIL).hold(slow, datetime.now(UTC) + DAY)
    assert "held" not in mail_of(store, job)


def test_rescheduled_held_mail_stays_held(notifier: Notifier, store: Database[Document], server: MailServer) -> None:
    """A replay of its event moves a held mail to no earlier time, also after several attempts."""
    mail_jobs(notifier, store, LIMIT)
    job = ended_job(store, email=ANNA, **{"deliveries.mail.tries": 7, "deliveries.mail.lease": datetime.now(UTC)})
    notifier.notify(job)
    before = mail_of(store, job)
    server.forget()
    for _ in range(3):
        assert Deliveries(store, Channel.MAIL).reschedule(job)
        notifier.notify(job)
    assert mail_of(store, job) == before
    assert not server.mails


def test_replayed_job_is_mailed_as_a_new_end(notifier: Notifier, store: Database[Document]) -> None:
    """A replay of a job whose mail is held forgets that it was held."""
    mail_jobs(notifier, store, LIMIT)
    job = ended_job(store, "failed", email=ANNA, reason=vars(GAVE_UP))
    notifier.notify(job)
    assert "held" in mail_of(store, job)
    assert Reopening(store).reopen(job, video_stored=True)
    assert "held" not in str(store["jobs"].find_one({"_id": job}))
