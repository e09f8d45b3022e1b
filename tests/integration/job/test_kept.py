"""Videos that are kept after the end of their jobs, and shared by jobs: deleted when no job needs them, not before."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from bson import ObjectId
from pymongo.database import Database

from functions.convert import verdict
from functions.shared.job.conversions import Conversions
from functions.shared.job.kept import HANDOVER, KeptVideos
from functions.shared.job.owned import Jobs
from functions.shared.job.owners import Owners
from functions.shared.job.reopening import Reopening
from functions.shared.job.usage import Usages
from functions.shared.media import Bucket
from functions.shared.mongo import Document
from tests.integration.job.system import System
from tests.support.clock import advance
from tests.support.jobs import open_job

OWNER = "u1"
VIDEO = b"a video"
KEEP = 2  # hours
SOON = HANDOVER + timedelta(minutes=1)


def uploaded(database: Database[Document], keep: int = KEEP, quota: int | None = None) -> ObjectId:
    """Store a video and its job as upload does."""
    with Bucket(database, "videos").writer() as writer:
        writer.write(VIDEO)
        writer.commit()
    return create(database, writer.id, writer.id, keep, quota)


def again(database: Database[Document], video: ObjectId, keep: int = KEEP) -> ObjectId:
    """Store another job of the video."""
    return create(database, ObjectId(), video, keep)


def create(
    database: Database[Document], job: ObjectId, video: ObjectId, keep: int, quota: int | None = None
) -> ObjectId:
    jobs, size = Jobs(database), len(VIDEO)
    jobs.create(
        job, owner=OWNER, email="a@b.example", name="f", size=size, key=None, keep=keep, video=video, quota=quota
    )
    return job


def has_video(database: Database[Document], video: ObjectId) -> bool:
    """Return whether the video is there; assert that it is whole or gone."""
    files = database["videos.files"].count_documents({"_id": video})
    assert database["videos.chunks"].count_documents({"files_id": video}) == files
    return bool(files)


def mp3(system: System, job: ObjectId) -> bytes:
    mp3s = Bucket(system.database, "mp3s")
    file = mp3s.find(system.job(job)["mp3"]["id"])
    assert file
    return b"".join(mp3s.read(file))


def keeps(database: Database[Document], job: ObjectId) -> bool:
    return Jobs(database).keeps_video(OWNER, job)


def test_video_is_kept_for_its_hours_after_the_end(system: System) -> None:
    """And then deleted, when whatever was begun in time has had the time to become a job; the job stays."""
    database, job = system.database, uploaded(system.database)
    assert keeps(database, job)
    system.converter.convert(job)
    found = system.job(job)
    assert found["kept"] - found["finished"] == timedelta(hours=KEEP)
    advance(database, timedelta(hours=KEEP) - timedelta(minutes=1))
    system.sweeper.tick()
    assert (keeps(database, job), has_video(database, job)) == (True, True)
    advance(database, timedelta(minutes=2))
    system.sweeper.tick()
    assert (keeps(database, job), has_video(database, job)) == (False, True)
    advance(database, HANDOVER)
    system.sweeper.tick()
    assert (keeps(database, job), has_video(database, job)) == (False, False)
    assert "kept" not in system.job(job)


def test_failed_job_keeps_its_video_too(system: System) -> None:
    """Other options may be what it needs: another track, a start before the end."""
    job = uploaded(system.database)
    with patch("tests.integration.job.system.Encoder.encode", return_value=verdict.NO_AUDIO):
        system.converter.convert(job)
    assert system.job(job)["state"] == "failed"
    assert keeps(system.database, job)
    assert has_video(system.database, job)


def test_job_whose_video_is_missing_keeps_none(system: System) -> None:
    job = again(system.database, ObjectId())
    system.converter.convert(job)
    assert system.job(job)["reason"]["code"] == "missing"
    assert "kept" not in system.job(job)


def test_video_that_is_not_kept_goes_at_the_end(system: System) -> None:
    """As in the version before."""
    job = uploaded(system.database, keep=0)
    assert not keeps(system.database, job)
    system.converter.convert(job)
    assert not has_video(system.database, job)
    assert {"keep", "kept", "video"}.isdisjoint(system.job(job))


def test_jobs_of_one_video_have_their_own_mp3s(system: System) -> None:
    """One after the other, in any order of their ends and events."""
    first = uploaded(system.database)
    second = again(system.database, first)
    for job in (second, first, second):
        system.converter.convert(job)
    assert mp3(system, first) == mp3(system, second) == b"MP3 of " + VIDEO
    assert system.job(first)["mp3"]["id"] != system.job(second)["mp3"]["id"]


@pytest.mark.parametrize("keep", [0, KEEP])
def test_video_stays_while_a_job_that_shares_it_is_open(system: System, keep: int) -> None:
    """Although the first job has released it; also where the setting was turned off meanwhile."""
    database, first = system.database, uploaded(system.database)
    second = again(database, first, keep)
    system.converter.convert(first)
    advance(database, timedelta(hours=KEEP) + SOON)
    system.sweeper.tick()
    assert "kept" not in system.job(first)
    assert has_video(database, first)
    system.converter.convert(second)
    assert system.job(second)["state"] == "done"
    assert has_video(database, first)
    advance(database, timedelta(hours=keep) + SOON)
    system.sweeper.tick()
    assert not has_video(database, first)


def test_video_stays_while_another_job_keeps_it(system: System) -> None:
    """The last of several deletes it."""
    database, first = system.database, uploaded(system.database)
    system.converter.convert(first)
    advance(database, timedelta(hours=1))
    second = again(database, first)
    system.converter.convert(second)
    advance(database, timedelta(hours=1) + SOON)
    system.sweeper.tick()
    assert (keeps(database, first), keeps(database, second), has_video(database, first)) == (False, True, True)
    advance(database, timedelta(hours=1))
    system.sweeper.tick()
    assert not has_video(database, first)


def test_orphans_are_none_that_a_job_shares(system: System) -> None:
    """A video older than a day whose own job is gone, and one that its job keeps; the next one is an orphan."""
    database, old = system.database, ObjectId.from_datetime(datetime.now(UTC) - timedelta(days=3))
    database["videos.files"].insert_one({"_id": old, "length": 7, "uploadDate": datetime.now(UTC)})
    database["videos.chunks"].insert_one({"files_id": old, "n": 0, "data": VIDEO})
    job = again(database, old)
    system.sweeper.tick()
    assert has_video(database, old)
    system.converter.convert(job)
    system.sweeper.tick()
    assert has_video(database, old)
    database["jobs"].update_one({"_id": job}, {"$unset": {"kept": ""}})  # a sweeper that was killed then
    system.sweeper.tick()
    assert not has_video(database, old)


def test_releases_at_once_see_each_other(system: System) -> None:
    """Each ends its own need before it looks for others': the last one deletes the video."""
    database, first = system.database, uploaded(system.database)
    second, kept = again(database, first), KeptVideos(database)
    for job in (first, second):
        system.converter.convert(job)
    advance(database, timedelta(hours=KEEP) + SOON)
    one = kept.release()
    assert one
    assert kept.is_needed(one)
    deleted = Jobs(database).delete(OWNER, second if one.id == first else first)
    assert deleted
    assert not kept.is_needed(deleted)
    assert not kept.is_needed(one)


def test_replayed_job_converts_the_shared_video(system: System) -> None:
    """A job that gave up needs the video until it expires, and keeps it anew after the next end."""
    database, first = system.database, uploaded(system.database)
    second = again(database, first)
    database["jobs"].update_one({"_id": second}, {"$set": {"tries": 3, "lease": datetime(2020, 1, 1, tzinfo=UTC)}})
    assert Conversions(database).give_up(second)
    system.converter.convert(first)
    advance(database, timedelta(hours=KEEP) + SOON)
    system.sweeper.tick()
    assert "kept" not in system.job(second)
    assert has_video(database, first)
    assert Reopening(database).reopen(second, video_stored=True)
    assert keeps(database, second)
    system.converter.convert(second)
    assert mp3(system, second) == b"MP3 of " + VIDEO
    assert keeps(database, second)


def test_reopened_job_has_no_time_of_its_former_end(system: System) -> None:
    """Otherwise the sweeper would release the video of an open job."""
    database, job = system.database, uploaded(system.database)
    database["jobs"].update_one({"_id": job}, {"$set": {"tries": 3, "lease": datetime(2020, 1, 1, tzinfo=UTC)}})
    assert Conversions(database).give_up(job)
    assert "kept" in system.job(job)
    assert Reopening(database).reopen(job, video_stored=True)
    assert "kept" not in system.job(job)


def test_job_expires_when_it_has_released_its_video(system: System) -> None:
    """Until then another job may be made from it, however short the retention is."""
    database, job = system.database, uploaded(system.database, keep=168)
    system.converter.convert(job)
    database["jobs"].update_one({"_id": job}, {"$set": {"deliveries.mail.outcome": "sent"}})
    advance(database, timedelta(days=7) + timedelta(minutes=5))
    system.sweeper.tick()
    assert has_video(database, job)
    system.job(job)
    advance(database, HANDOVER)
    system.sweeper.tick()
    assert not has_video(database, job)
    assert database["jobs"].count_documents({}) == 0


def test_expired_job_leaves_a_shared_video(system: System) -> None:
    database, first = system.database, uploaded(system.database)
    system.converter.convert(first)
    advance(database, timedelta(days=8))
    second = again(database, first)
    system.sweeper.tick()
    assert database["jobs"].distinct("_id") == [second]
    assert has_video(database, first)


def test_deleted_owners_shared_video_goes_with_the_last_job(system: System) -> None:
    database, first = system.database, uploaded(system.database)
    again(database, first)
    system.converter.convert(first)
    others = open_job(database, owner="other")
    Owners(database).delete(OWNER)
    system.sweeper.tick()
    assert database["jobs"].distinct("_id") == [others]
    assert not has_video(database, first)


def test_kept_video_and_its_mp3_count_and_a_shared_video_once(system: System) -> None:
    """While they are open, and after their ends until the video is deleted."""
    database, first = system.database, uploaded(system.database)
    second, usages = again(database, first), Usages(database)
    video, mp3_ = len(VIDEO), len(b"MP3 of " + VIDEO)
    assert usages.stored(OWNER) == video
    attempt = Conversions(database).claim(second)
    assert attempt
    database["jobs"].update_one({"_id": second}, {"$set": {"quota": 1000}})
    system.converter.convert(first)
    assert usages.stored(OWNER) == video + mp3_
    attempt.release()
    advance(database, timedelta(hours=1))
    system.converter.convert(second)
    assert usages.stored(OWNER) == video + 2 * mp3_
    advance(database, timedelta(hours=KEEP) + SOON)
    system.sweeper.tick()
    assert usages.stored(OWNER) == 2 * mp3_


@pytest.mark.parametrize(("room", "end"), [(0, "done"), (-1, "failed")])
def test_mp3_counts_beside_a_kept_video(system: System, room: int, end: str) -> None:
    """Also if it is not larger: it does not take the video's place."""
    size = len(VIDEO)
    quota = size + len(b"MP3 of " + VIDEO) + room
    job = uploaded(system.database, quota=quota)
    system.converter.convert(job)
    assert system.job(job)["state"] == end
    if end == "failed":
        assert system.job(job)["reason"]["code"] == "storage_full"
        assert system.database["mp3s.chunks"].count_documents({}) == 0
    small = uploaded(system.database, quota=10**6)
    attempt = Conversions(system.database).claim(small)
    assert attempt
    assert attempt.reserve(size - 1)
    assert system.job(small)["reserved"] == size - 1
