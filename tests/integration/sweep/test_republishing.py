"""What the sweeper republishes, and when."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bson import ObjectId
from cloudevents.http import CloudEvent
from pymongo.database import Database

from functions.shared.events import audio_converted, conversion_failed, video_uploaded
from functions.shared.job.conversions import Conversions
from functions.shared.job.deliveries import Channel, Deliveries
from functions.shared.mongo import Document
from scripts.local.ports import HOST, free_port
from tests.integration.sweep.conftest import Sweep
from tests.support.ingress import Ingress, deliver, same
from tests.support.jobs import PAST, ended_job, open_job
from tests.support.stacks import NO_MYSQL, StartFunction


def job_of(database: Database[Document], job: ObjectId) -> Document:
    return database["jobs"].find_one({"_id": job}) or {}


def test_overdue_upload_is_republished(sweep: Sweep, ingress: Ingress, database: Database[Document]) -> None:
    """The event of a job without event or converter is published as upload did; a job that is not late is not."""
    late = open_job(database, lease=PAST)
    stuck = open_job(database, lease=PAST, state="converting", tries=1, attempt="x")
    open_job(database)
    assert sweep().status_code == 200
    assert ingress.ids() == sorted([f"{late}.uploaded", f"{stuck}.uploaded"])
    assert all(same(event, video_uploaded(event["subject"])) for event in ingress.heard)


def test_republishing_pauses_and_leaves_the_job_claimable(
    sweep: Sweep, ingress: Ingress, database: Database[Document]
) -> None:
    """A republished event is not repeated at the next tick but after its pause; the job can be converted meanwhile."""
    job = open_job(database, lease=PAST, tries=1)
    sweep()
    sweep()
    assert ingress.ids() == [f"{job}.uploaded"]
    database["jobs"].update_one({"_id": job}, {"$set": {"republish.again": PAST}})
    sweep()
    assert len(ingress.heard) == 2
    again = job_of(database, job)["republish"]["again"] - datetime.now(UTC)
    assert timedelta(seconds=100) < again < timedelta(seconds=121)
    assert Conversions(database).claim(job)


def test_new_attempt_begins_without_a_pause(sweep: Sweep, ingress: Ingress, database: Database[Document]) -> None:
    """If an attempt dies after the last republishing, the event is republished at once, however long the pause was."""
    job = open_job(database, lease=PAST, tries=2)
    far = {"tries": 1, "times": 9, "again": datetime.now(UTC) + timedelta(hours=1)}
    database["jobs"].update_one({"_id": job}, {"$set": {"republish": far}})
    sweep()
    assert ingress.ids() == [f"{job}.uploaded"]


def test_job_is_given_up_after_three_tries(sweep: Sweep, ingress: Ingress, database: Database[Document]) -> None:
    """A third attempt whose lease has expired fails the job, and the end is published; one under way is not failed."""
    job = open_job(database, lease=PAST, state="converting", tries=3, attempt="x")
    busy = open_job(database, state="converting", tries=3, attempt="x")
    sweep()
    assert job_of(database, job)["state"] == "failed"
    assert job_of(database, job)["reason"]["code"] == "gave_up"
    assert job_of(database, job)["deliveries"]["mail"]["outcome"] == "pending"
    assert job_of(database, busy)["state"] == "converting"
    assert len(ingress.heard) == 1
    assert same(ingress.heard[0], conversion_failed(str(job), "gave_up"))


def test_due_mail_is_republished(sweep: Sweep, ingress: Ingress, database: Database[Document]) -> None:
    """The event of an ended job whose mail is due is published as convert did; settled and waiting mails are not."""
    done = ended_job(database, **{"deliveries.mail.lease": PAST})
    failed = ended_job(database, "failed", **{"deliveries.mail.lease": PAST, "deliveries.mail.tries": 4})
    ended_job(database)
    ended_job(database, **{"deliveries.mail.lease": PAST, "deliveries.mail.outcome": "sent"})
    sweep()
    sweep()
    events = {event["subject"]: event for event in ingress.heard}
    assert len(ingress.heard) == len(events) == 2
    assert same(events[str(done)], audio_converted(str(done), str(job_of(database, done)["mp3"]["id"])))
    assert same(events[str(failed)], conversion_failed(str(failed), "no_audio"))
    assert Deliveries(database, Channel.MAIL).claim(failed)


def test_mail_that_no_server_accepts_within_a_day_is_abandoned(
    sweep: Sweep, ingress: Ingress, database: Database[Document]
) -> None:
    """A mail pending for more than 24 h settles as abandoned, and is not republished."""
    day = datetime.now(UTC) - timedelta(hours=24, minutes=1)
    old = ended_job(database, finished=day, **{"deliveries.mail.lease": PAST, "deliveries.mail.tries": 20})
    younger = ended_job(database, finished=day + timedelta(minutes=2), **{"deliveries.mail.lease": PAST})
    sweep()
    assert job_of(database, old)["deliveries"]["mail"]["outcome"] == "abandoned"
    assert job_of(database, younger)["deliveries"]["mail"]["outcome"] == "pending"
    assert ingress.ids() == [f"{younger}.converted"]


def test_abandoned_webhook_makes_a_warning_pending(
    sweep: Sweep, ingress: Ingress, database: Database[Document]
) -> None:
    """The event is published once more, for the mail that warns the owner; that mail has a day of its own."""
    day = datetime.now(UTC) - timedelta(hours=24, minutes=1)
    settled: Document = {"deliveries.mail.outcome": "sent", "finished": day}
    tried, untried = (
        ended_job(database, **settled, **{"deliveries.webhook": {"outcome": "pending", "tries": tries, "lease": PAST}})
        for tries in (7, 0)
    )
    sweep()
    for job in (tried, untried):
        assert job_of(database, job)["deliveries"]["webhook"]["outcome"] == "abandoned"
    assert job_of(database, tried)["deliveries"]["warning"]["outcome"] == "pending"
    assert "warning" not in job_of(database, untried)["deliveries"]
    assert ingress.ids() == [f"{tried}.converted"]
    assert Deliveries(database, Channel.WARNING).claim(tried)
    sweep()
    assert job_of(database, tried)["deliveries"]["warning"]["outcome"] == "pending"
    database["jobs"].update_one(
        {"_id": tried}, {"$set": {"deliveries.warning.since": day, "deliveries.warning.lease": PAST}}
    )
    sweep()
    assert job_of(database, tried)["deliveries"]["warning"]["outcome"] == "abandoned"


def test_broker_that_refuses_loses_nothing_and_stops_nothing_else(
    sweep: Sweep, ingress: Ingress, database: Database[Document]
) -> None:
    """With the broker answering 500 the tick does its other work and asks once; the next tick publishes everything."""
    jobs = [open_job(database, lease=PAST) for _ in range(3)]
    mail = ended_job(database, **{"deliveries.mail.lease": PAST})
    expired = ended_job(database, finished=PAST, **{"deliveries.mail.outcome": "sent"})
    ingress.status = 500
    assert sweep().status_code == 200
    assert len(ingress.heard) == 1
    assert not job_of(database, expired)

    ingress.status = 202
    ingress.heard.clear()
    sweep()
    assert ingress.ids() == sorted([*(f"{job}.uploaded" for job in jobs), f"{mail}.converted"])


def test_sweepers_at_once_agree(sweep: Sweep, ingress: Ingress, database: Database[Document]) -> None:
    """Four ticks at the same time give a job up once, and leave the same store as one."""
    given_up = open_job(database, lease=PAST, state="converting", tries=3)
    late = open_job(database, lease=PAST)
    expired = ended_job(database, finished=PAST)
    with ThreadPoolExecutor(4) as pool:
        assert [answer.status_code for answer in pool.map(lambda _: sweep(), range(4))] == [200] * 4
    assert ingress.ids().count(f"{given_up}.failed") == 1
    assert set(ingress.ids()) == {f"{given_up}.failed", f"{late}.uploaded"}
    assert not job_of(database, expired)


def test_tick_logs_what_it_did(sweep: Sweep, database: Database[Document], sweep_log: Path) -> None:
    """A line of JSON names each republished event, the last has the counts and the age of the oldest open job."""
    job = open_job(database, lease=PAST, created=datetime.now(UTC) - timedelta(seconds=100))
    ended_job(database, created=PAST)
    before = len(sweep_log.read_text().splitlines())
    sweep()
    published, line = (json.loads(line) for line in sweep_log.read_text().splitlines()[before:])
    assert line["message"] == "swept"
    assert (line["republished_uploads"], line["republished_deliveries"], line["gave_up"]) == (1, 0, 0)
    assert (line["expired"], line["orphans"], line["abandoned_deliveries"]) == (0, 0, 0)
    assert 100 <= line["oldest_unfinished_seconds"] < 130
    assert line["type"] == "dev.knative.sources.ping"
    names = [published[name] for name in ("message", "event", "job", "type")]
    assert names == ["republished", f"{job}.uploaded", str(job), "video2mp3.video.uploaded.v1"]


def test_store_that_is_away_is_503(ingress: Ingress, start_function: StartFunction) -> None:
    """Without its store the tick fails within 10 s, for the caller to repeat."""
    nowhere = f"mongodb://{HOST}:{free_port()}/video2mp3"
    env = {"MONGODB_URL": nowhere, "MYSQL_URL": NO_MYSQL, "K_SINK": ingress.url, "THREADS": "1"}
    sweep = start_function("sweep", env)
    began = time.monotonic()
    ping = CloudEvent({"type": "dev.knative.sources.ping", "source": "/ping"})
    assert deliver(sweep, ping).status_code == 503
    assert time.monotonic() - began < 10
