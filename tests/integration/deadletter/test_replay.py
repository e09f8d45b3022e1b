"""What `make replay` makes of the dead events and their jobs."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

from bson import ObjectId
from pymongo.database import Database

from functions.deadletter.dead import Dead
from functions.deadletter.replay import Fate, Replay
from functions.shared.events import video_uploaded
from functions.shared.job.conversions import GAVE_UP, Conversions
from functions.shared.job.deliveries import Mails, Outcome
from functions.shared.job.document import Reason
from functions.shared.mongo import Document
from scripts.local.supervision import REPOSITORY
from tests.support.jobs import PAST, ended_job, open_job
from tests.support.stacks import Server

FAR = timedelta(hours=1)


def job_of(database: Database[Document], job: ObjectId) -> Document:
    return database["jobs"].find_one({"_id": job}) or {}


def given_up(database: Database[Document], *, video: bool) -> ObjectId:
    """Store a job that failed by our fault and whose owner has been told."""
    job = ended_job(database, "failed", reason=vars(GAVE_UP), tries=3, **{"mail.outcome": "sent"}, mailed="failed")
    if video:
        database["videos.files"].insert_one({"_id": job, "length": 0, "uploadDate": datetime.now(UTC)})
    return job


def test_a_job_that_waits_gets_all_its_tries_at_once(database: Database[Document]) -> None:
    """An open job that nobody has is due now, as if just uploaded, also after three tries."""
    waits = open_job(database, tries=2, lease=datetime.now(UTC) + FAR)
    dead = open_job(database, tries=3, lease=PAST, state="converting", attempt="x")
    for job in (waits, dead):
        assert Replay(database).renew(str(job)) == Fate.CONVERTS_AGAIN
        assert job_of(database, job)["tries"] == 0
        assert job_of(database, job)["lease"] <= datetime.now(UTC)
        assert Conversions(database).claim(job)


def test_an_attempt_under_way_is_left_alone(database: Database[Document]) -> None:
    """A job that somebody converts stays theirs."""
    attempt = Conversions(database).claim(open_job(database))
    assert attempt
    assert Replay(database).renew(str(attempt.job.id)) == Fate.UNDER_WAY
    attempt.renew(0.5)


def test_a_job_that_failed_by_our_fault_is_converted_again(database: Database[Document]) -> None:
    """With its video still stored a job that was given up becomes an open job without reason, end or mail."""
    job = given_up(database, video=True)
    assert Replay(database).renew(str(job)) == Fate.CONVERTS_AGAIN
    assert job_of(database, job)["state"] == "uploaded"
    assert {"reason", "finished", "mail"}.isdisjoint(job_of(database, job))
    assert Conversions(database).claim(job)


def test_without_a_video_or_by_the_file_s_own_fault_a_failed_job_stays_failed(database: Database[Document]) -> None:
    """There is nothing to convert again."""
    own = ended_job(database, "failed", **{"mail.outcome": "sent"})
    database["videos.files"].insert_one({"_id": own, "length": 0, "uploadDate": datetime.now(UTC)})
    for job in (own, given_up(database, video=False), ended_job(database, **{"mail.outcome": "sent"})):
        before = job_of(database, job)
        assert Replay(database).renew(str(job)) == Fate.OVER
        assert job_of(database, job) == before


def test_a_pending_mail_is_due_now_but_never_during_an_attempt(database: Database[Document]) -> None:
    """A mail in its back-off is due; one that somebody may be sending is due only when that attempt must be over."""
    backing_off = ended_job(database, **{"mail.tries": 6, "mail.lease": datetime.now(UTC) + timedelta(minutes=20)})
    assert Replay(database).renew(str(backing_off)) == Fate.MAILS_AGAIN
    assert Mails(database).claim(backing_off)

    database["jobs"].update_one({"_id": backing_off}, {"$inc": {"mail.tries": 1}})  # a long lease, taken just now
    for job in (backing_off, ended_job(database)):
        Mails(database).claim(job)
        assert Replay(database).renew(str(job)) == Fate.MAILS_AGAIN
        assert Mails(database).claim(job) is None
        wait = job_of(database, job)["mail"]["lease"] - datetime.now(UTC)
        assert timedelta(seconds=50) < wait <= timedelta(seconds=60)


def test_nobody_is_told_the_same_end_twice(database: Database[Document]) -> None:
    """A replayed job that fails again is not mailed again; one that then succeeds is."""
    for end in ("failed", "done"):
        job = given_up(database, video=True)
        Replay(database).renew(str(job))
        attempt = Conversions(database).claim(job)
        assert attempt
        if end == "failed":
            attempt.fail(Reason("damaged", "It is damaged."))
        else:
            database["jobs"].update_one({"_id": job}, {"$set": vars_of_a_done_job()})
        assert bool(Mails(database).claim(job)) == (end == "done")
        assert job_of(database, job)["mail"]["outcome"] == ("sent" if end == "failed" else "pending")


def vars_of_a_done_job() -> Document:
    mail = {"outcome": "pending", "tries": 0, "lease": PAST}
    return {"state": "done", "mp3": {"id": ObjectId(), "size": 1, "duration": 1.0}, "mail": mail}


def test_a_mail_sent_while_its_job_is_replayed_is_remembered(database: Database[Document]) -> None:
    """Settling a mail whose job was opened meanwhile changes nothing of the job but that its owner knows."""
    job = given_up(database, video=True)
    database["jobs"].update_one({"_id": job}, {"$set": {"mail.outcome": "pending"}, "$unset": {"mailed": ""}})
    claimed = Mails(database).claim(job)
    assert claimed
    Replay(database).renew(str(job))
    Mails(database).settle(claimed, Outcome.SENT)
    assert job_of(database, job)["mailed"] == "failed"
    assert "mail" not in job_of(database, job)


def test_a_mail_sent_while_its_job_is_replayed_is_not_the_next_ends(database: Database[Document]) -> None:
    """Settled after the job has ended once more, and otherwise: its owner has still to be told of that."""
    job = given_up(database, video=True)
    database["jobs"].update_one({"_id": job}, {"$set": {"mail.outcome": "pending"}, "$unset": {"mailed": ""}})
    claimed = Mails(database).claim(job)
    assert claimed
    Replay(database).renew(str(job))
    database["jobs"].update_one({"_id": job}, {"$set": vars_of_a_done_job()})
    Mails(database).settle(claimed, Outcome.SENT)
    assert job_of(database, job)["mail"]["outcome"] == "pending"
    assert Mails(database).claim(job)


def test_replay_says_what_became_of_each_event_and_forgets_it(mongodb: Server, database: Database[Document]) -> None:
    """The command names every dead event with its fate, empties the list, and has nothing to do the second time."""
    waits, gone = open_job(database, tries=2), ObjectId()
    for job in (str(waits), str(gone), "no id"):
        Dead(database).store(video_uploaded(job))
    env = {"PYTHONPATH": str(REPOSITORY), "MONGODB_URL": mongodb.url_of("replay")}
    command = [sys.executable, "infra/replay/replay.py"]
    says = [
        subprocess.run(command, check=True, env=env, cwd=REPOSITORY, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert f"{waits}.uploaded" in says[0]
    assert says[0].count(Fate.CONVERTS_AGAIN) == 1
    assert says[0].count(Fate.GONE) == 2
    assert says[1].startswith("0 replayed")
    assert job_of(database, waits)["tries"] == 0


def test_an_event_that_dies_again_during_a_replay_is_kept(database: Database[Document]) -> None:
    """What was dead-lettered once more after it was read is not forgotten."""
    dead = Dead(database)
    dead.store(video_uploaded("x"))
    (read,) = dead.all()
    dead.store(video_uploaded("x"))
    dead.remove(read)
    assert [event.count for event in dead.all()] == [2]
