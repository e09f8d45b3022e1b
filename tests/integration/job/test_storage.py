"""The storage quota while videos become MP3s: it is settled before an MP3 is stored."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import Attempt, Conversions
from functions.shared.job.document import Mp3
from functions.shared.job.usage import Usages
from functions.shared.mongo import Document
from tests.integration.job.system import System
from tests.support.jobs import open_job

QUOTA = 5000  # bytes; the videos of `open_job` have 1000, the MP3s of `System` 7 more than their videos
OWNER = "u1"


def attempt_at(database: Database[Document], **fields: object) -> Attempt:
    attempt = Conversions(database).claim(open_job(database, **({"quota": QUOTA} | fields)))
    assert attempt
    return attempt


def test_mp3s_larger_than_their_videos_exceed_no_quota(database: Database[Document]) -> None:
    """Five videos fit; an MP3 of four times the size does once the others have become small MP3s."""
    large, *others = [attempt_at(database) for _ in range(5)]
    assert not large.reserve(4000)
    for attempt in others:
        attempt.commit(Mp3(ObjectId(), 250, 1.0))
    assert large.reserve(4000)
    assert Usages(database).stored(OWNER) == 5000


def test_attempts_that_reserve_at_once_see_each_other(database: Database[Document]) -> None:
    """The second counts what the first has reserved but not committed."""
    first, second = attempt_at(database), attempt_at(database)
    assert first.reserve(3000)
    assert not second.reserve(3000)


def test_uploads_in_progress_count(database: Database[Document]) -> None:
    """Each with what it reserves; one that began more than an hour ago has ended."""
    now = datetime.now(UTC)
    young, old = (ObjectId.from_datetime(now - timedelta(minutes=minutes)) for minutes in (59, 61))
    uploads = [{"_id": young, "size": 2000}, {"_id": old, "size": 2000}, {"_id": ObjectId()}]
    database["quotas"].insert_one({"_id": OWNER, "uploads": uploads, "last": now})
    attempt = attempt_at(database)
    assert attempt.reserve(3000)
    assert not attempt.reserve(3001)


def test_mp3_that_is_not_larger_needs_no_reservation(database: Database[Document]) -> None:
    """It takes the place of its video, also if the quota was exceeded before."""
    assert attempt_at(database, quota=10).reserve(1000)


def test_job_of_the_version_before_has_no_quota(database: Database[Document]) -> None:
    assert attempt_at(database, quota=None).reserve(10**9)


def test_reservation_ends_with_the_attempt(database: Database[Document]) -> None:
    attempt = attempt_at(database)
    assert attempt.reserve(3000)
    attempt.release()
    assert Usages(database).stored(OWNER) == 1000


@pytest.mark.parametrize(("quota", "end"), [(100, "done"), (17, "failed")])
def test_conversion_beyond_the_quota_fails_and_says_so(system: System, quota: int, end: str) -> None:
    """Nothing of its MP3 is stored, and the owner gets a mail with the reason."""
    job = open_job(system.database, size=11, quota=quota)
    system.database["videos.files"].insert_one({"_id": job, "length": 11, "uploadDate": datetime.now(UTC)})
    system.database["videos.chunks"].insert_one({"files_id": job, "n": 0, "data": b"eleven byte"})
    system.converter.convert(job)
    found = system.job(job)
    assert found["state"] == end
    assert "reserved" not in found
    if end == "failed":
        assert found["reason"]["code"] == "storage_full"
        assert system.database["mp3s.chunks"].count_documents({}) == 0
    assert system.database["videos.files"].count_documents({}) == 0
