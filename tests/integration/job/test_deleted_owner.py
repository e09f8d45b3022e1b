"""Nothing of a deleted owner begins or ends any more, wherever it was when the account was deleted."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import Conversions, LeaseLost
from functions.shared.job.document import Mp3
from functions.shared.job.owners import OWNERS, OwnerDeleted, Owners
from functions.shared.mongo import Document
from tests.integration.job.system import System
from tests.support.jobs import ended_job, open_job

OWNER = "u1"  # of `tests.support.jobs`


@pytest.fixture
def owners(database: Database[Document]) -> Owners:
    return Owners(database)


def test_no_job_is_created(owners: Owners, database: Database[Document]) -> None:
    """As of an upload whose body ends after the deletion."""
    owners.delete(OWNER)
    with pytest.raises(OwnerDeleted):
        open_job(database)
    assert database["jobs"].count_documents({}) == 0


def test_no_job_is_claimed(owners: Owners, database: Database[Document]) -> None:
    """A job that was created at the very moment of the deletion is not converted; another owner's is."""
    job, others = open_job(database), open_job(database, owner="other")
    owners.delete(OWNER)
    attempt = Conversions(database).claim_next(job)
    assert attempt
    assert attempt.job.id == others
    assert Conversions(database).claim_next(job) is None


def test_no_mp3_is_committed(owners: Owners, database: Database[Document]) -> None:
    """A conversion under way ends without its MP3, although its job is not deleted yet."""
    attempt = Conversions(database).claim_next(open_job(database))
    assert attempt
    owners.delete(OWNER)
    with pytest.raises(LeaseLost):
        attempt.commit(Mp3(ObjectId(), 1, 1.0))


@pytest.mark.parametrize("end", ["done", "failed"])
def test_no_mail_is_sent(owners: Owners, system: System, end: str) -> None:
    """Deliveries.claim checks it, as every channel begins with that."""
    job = ended_job(system.database, end)
    owners.delete(OWNER)
    system.notifier.notify(job)
    assert not system.mail.mails


def test_job_that_was_created_during_the_deletion_is_removed_with_its_files(owners: Owners, system: System) -> None:
    """By the next tick of the sweeper, in any state; other owners' jobs stay."""
    database = system.database
    left = [open_job(database), ended_job(database), open_job(database, state="converting", tries=1)]
    kept = open_job(database, owner="other")
    for job in (*left, kept):
        database["videos.files"].insert_one({"_id": job, "length": 1, "uploadDate": datetime.now(UTC)})
        database["videos.chunks"].insert_one({"files_id": job, "n": 0, "data": b"v"})
    owners.delete(OWNER)
    system.sweeper.tick()
    assert database["jobs"].distinct("_id") == [kept]
    assert database["videos.files"].distinct("_id") == [kept]
    assert database["videos.chunks"].distinct("files_id") == [kept]


def test_tombstone_outlives_tokens_and_uploads_and_then_expires(owners: Owners, database: Database[Document]) -> None:
    """A token lasts an hour and an upload that begins with it another; MongoDB deletes the document after that."""
    Conversions(database).claim_next(open_job(database))
    owners.delete(OWNER)
    (document,) = database[OWNERS].find()
    assert timedelta(hours=2) < document["expires"] - document["deleted"] < timedelta(days=1)
    assert database[OWNERS].index_information()["expires_1"]["expireAfterSeconds"] == 0
