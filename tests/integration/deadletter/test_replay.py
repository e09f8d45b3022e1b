"""The effect of `make replay` on dead letters and their jobs."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

from bson import ObjectId
from pymongo.database import Database

from functions.deadletter.letters import DeadLetters
from functions.deadletter.replayer import Fate, Replayer
from functions.shared.events import video_uploaded
from functions.shared.job.conversions import GAVE_UP, Attempt, Conversions
from functions.shared.job.deliveries import Channel, Deliveries, Outcome
from functions.shared.job.document import Mp3, Reason
from functions.shared.mongo import Document
from scripts.local.supervision import REPOSITORY
from tests.support.jobs import PAST, ended_job, mail_of, open_job
from tests.support.stacks import Server

FAR = timedelta(hours=1)
MP3 = Mp3(ObjectId(), 1, 1.0)


def job_of(database: Database[Document], job: ObjectId) -> Document:
    return database["jobs"].find_one({"_id": job}) or {}


def given_up(database: Database[Document], *, video: bool = True, delivered: bool = True) -> ObjectId:
    """Store a job that failed because of a server problem; `delivered` says whether its owner was notified."""
    mail: Document = {"deliveries.mail.outcome": "sent", "deliveries.mail.delivered": "failed"} if delivered else {}
    job = ended_job(database, "failed", reason=vars(GAVE_UP), tries=3, **mail)
    if video:
        database["videos.files"].insert_one({"_id": job, "length": 0, "uploadDate": datetime.now(UTC)})
    return job


def replay(database: Database[Document], job: ObjectId) -> Fate:
    return Replayer(database).replay(str(job))


def claim(database: Database[Document], job: ObjectId) -> Attempt:
    attempt = Conversions(database).claim(job)
    assert attempt
    return attempt


def test_waiting_job_gets_all_its_tries_immediately(database: Database[Document]) -> None:
    """An open job without a lease is due now, as if just uploaded, also after three tries."""
    waiting = open_job(database, tries=2, lease=datetime.now(UTC) + FAR)
    dead = open_job(database, tries=3, lease=PAST, state="converting", attempt="x")
    for job in (waiting, dead):
        assert replay(database, job) == Fate.CONVERTS_AGAIN
        assert job_of(database, job)["tries"] == 0
        assert job_of(database, job)["lease"] <= datetime.now(UTC)
        claim(database, job)


def test_attempt_under_way_keeps_its_lease(database: Database[Document]) -> None:
    """A job that is being converted is not changed."""
    attempt = claim(database, open_job(database))
    assert replay(database, attempt.job.id) == Fate.UNDER_WAY
    attempt.renew(0.5)


def test_job_that_gave_up_is_converted_again(database: Database[Document]) -> None:
    """If its video is still stored, the job is open again, without reason, end or pending delivery."""
    job = given_up(database)
    assert replay(database, job) == Fate.CONVERTS_AGAIN
    assert job_of(database, job)["state"] == "uploaded"
    assert {"reason", "finished"}.isdisjoint(job_of(database, job))
    assert mail_of(database, job) == {"delivered": "failed"}
    claim(database, job)


def test_job_that_shares_its_video_is_converted_again(database: Database[Document]) -> None:
    """As long as that video is stored."""
    video = ObjectId()
    job = given_up(database, video=False)
    database["jobs"].update_one({"_id": job}, {"$set": {"video": video, "keep": 1}})
    assert replay(database, job) == Fate.OVER
    database["videos.files"].insert_one({"_id": video, "length": 0, "uploadDate": datetime.now(UTC)})
    assert replay(database, job) == Fate.CONVERTS_AGAIN


def test_job_without_a_video_or_failed_because_of_the_file_stays_failed(database: Database[Document]) -> None:
    """The job is not changed, as another conversion is not possible or would fail again."""
    own = ended_job(database, "failed", **{"deliveries.mail.outcome": "sent"})
    database["videos.files"].insert_one({"_id": own, "length": 0, "uploadDate": datetime.now(UTC)})
    done = ended_job(database, **{"deliveries.mail.outcome": "sent"})
    for job in (own, given_up(database, video=False), done):
        before = job_of(database, job)
        assert replay(database, job) == Fate.OVER
        assert job_of(database, job) == before


def test_pending_mail_is_due_now_but_not_during_an_attempt(database: Database[Document]) -> None:
    """A mail in backoff is due immediately; a mail that may be being sent is due after the longest possible attempt."""
    mails, later = Deliveries(database, Channel.MAIL), datetime.now(UTC) + timedelta(minutes=20)
    in_backoff = ended_job(database, **{"deliveries.mail.tries": 6, "deliveries.mail.lease": later})
    assert replay(database, in_backoff) == Fate.NOTIFIES_AGAIN
    assert mails.claim(in_backoff)

    database["jobs"].update_one({"_id": in_backoff}, {"$inc": {"deliveries.mail.tries": 1}})  # a long lease, just begun
    for job in (in_backoff, ended_job(database)):
        mails.claim(job)
        assert replay(database, job) == Fate.NOTIFIES_AGAIN
        assert mails.claim(job) is None
        wait = mail_of(database, job)["lease"] - datetime.now(UTC)
        assert timedelta(seconds=50) < wait <= timedelta(seconds=60)


def test_owner_is_notified_of_the_same_end_once(database: Database[Document]) -> None:
    """A replayed job that fails again sends no second mail; one that then succeeds sends its mail."""
    mails = Deliveries(database, Channel.MAIL)
    failed, done = given_up(database), given_up(database)
    for job in (failed, done):
        replay(database, job)
    claim(database, failed).fail(Reason("damaged", "It is damaged."))
    claim(database, done).commit(MP3)
    assert mails.claim(failed) is None
    assert mails.claim(done)
    assert (mail_of(database, failed)["outcome"], mail_of(database, done)["outcome"]) == ("sent", "pending")


def test_mail_sent_during_a_replay_is_remembered(database: Database[Document]) -> None:
    """Settling a mail of a job that was reopened meanwhile changes only `delivered`."""
    mails, job = Deliveries(database, Channel.MAIL), given_up(database, delivered=False)
    claimed = mails.claim(job)
    assert claimed
    replay(database, job)
    mails.settle([claimed.job], Outcome.SENT)
    assert mail_of(database, job) == {"delivered": "failed"}
    assert job_of(database, job)["state"] == "uploaded"


def test_mail_sent_during_a_replay_does_not_settle_the_next_end(database: Database[Document]) -> None:
    """If the job ends differently before the first mail is settled, the mail about the new end stays pending."""
    mails, job = Deliveries(database, Channel.MAIL), given_up(database, delivered=False)
    claimed = mails.claim(job)
    assert claimed
    replay(database, job)
    claim(database, job).commit(MP3)
    mails.settle([claimed.job], Outcome.SENT)
    assert mail_of(database, job)["outcome"] == "pending"
    assert mails.claim(job)


def replay_all(mongodb: Server) -> str:
    """Run the command and return its output."""
    env = {"PYTHONPATH": str(REPOSITORY), "MONGODB_URL": mongodb.url_of("replay"), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "functions.deadletter.replay"]
    return subprocess.run(command, check=True, env=env, cwd=REPOSITORY, capture_output=True, encoding="utf-8").stdout


def test_replay_prints_each_fate_and_deletes_the_dead_letter(mongodb: Server, database: Database[Document]) -> None:
    """The command prints every dead letter with its job's fate; a second run finds no dead letter."""
    waiting, gone = open_job(database, tries=2), ObjectId()
    for job in (str(waiting), str(gone), "no id"):
        DeadLetters(database).store(video_uploaded(job))
    first, second = replay_all(mongodb), replay_all(mongodb)
    assert f"{waiting}.uploaded" in first
    assert first.count(Fate.CONVERTS_AGAIN) == 1
    assert first.count(Fate.GONE) == 2
    assert second.startswith("0 replayed")
    assert job_of(database, waiting)["tries"] == 0


def test_replay_prints_control_characters_as_text(mongodb: Server, database: Database[Document]) -> None:
    """An event's id and destination move no cursor, set no colour and begin no line of their own."""
    event = video_uploaded("x")
    event["id"] = "\x1b]0;title\x07ü\u202e"
    event["knativeerrordest"] = "http://convert/\x1b[2J\n0 replayed\x9b"
    DeadLetters(database).store(event)
    said = replay_all(mongodb)
    assert r"\x1b]0;title\x07ü\u202e, not accepted by http://convert/\x1b[2J\n0 replayed\x9b" in said
    assert all(character.isprintable() for line in said.splitlines() for character in line)
    assert len(said.splitlines()) == 2


def test_event_dead_lettered_again_during_a_replay_is_kept(database: Database[Document]) -> None:
    """A dead letter whose count has increased since it was read is not deleted."""
    letters = DeadLetters(database)
    letters.store(video_uploaded("x"))
    (read,) = letters.all()
    letters.store(video_uploaded("x"))
    letters.remove(read)
    assert [letter.count for letter in letters.all()] == [2]
