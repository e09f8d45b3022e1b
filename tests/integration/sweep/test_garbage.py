"""What is thrown away, and what never."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import GAVE_UP
from functions.shared.job.options import DEFAULT
from functions.shared.job.owners import Owners
from functions.shared.media import CHUNK
from functions.shared.mongo import Document
from functions.shared.uploads import Upload, Uploads
from tests.integration.sweep.conftest import Sweep
from tests.support.jobs import ended_job, open_job


def begun(hours: float) -> ObjectId:
    """Return an id made so many hours ago."""
    seconds = ObjectId.from_datetime(datetime.now(UTC) - timedelta(hours=hours)).binary[:4]
    return ObjectId(seconds + ObjectId().binary[4:])


def store(database: Database[Document], bucket: str, file: ObjectId, *, whole: bool = True) -> ObjectId:
    """Store a file of three chunks, or only its chunks."""
    chunks = [{"files_id": file, "n": n, "data": b"x"} for n in range(3)]
    database[f"{bucket}.chunks"].insert_many(chunks)
    if whole:
        file_document = {"_id": file, "length": 3, "chunkSize": CHUNK, "uploadDate": datetime.now(UTC)}
        database[f"{bucket}.files"].insert_one(file_document)
    return file


def kept(database: Database[Document], bucket: str) -> set[ObjectId]:
    """Return the ids of which the bucket has anything."""
    return {*database[f"{bucket}.files"].distinct("_id"), *database[f"{bucket}.chunks"].distinct("files_id")}


def with_id(database: Database[Document], job: ObjectId, new: ObjectId) -> ObjectId:
    document = database["jobs"].find_one_and_delete({"_id": job}) or {}
    database["jobs"].insert_one(document | {"_id": new})
    return new


def test_job_past_its_retention_goes_with_its_files(sweep: Sweep, database: Database[Document]) -> None:
    """Eight days after their end a job, its video and its MP3 are gone; after six all are there."""
    now = datetime.now(UTC)
    sent = {"deliveries.mail.outcome": "sent"}
    old, young = (ended_job(database, finished=now - timedelta(days=days), **sent) for days in (8, 6))
    failed = ended_job(database, "failed", finished=now - timedelta(days=8), **sent)
    mp3s = {job["_id"]: job["mp3"]["id"] for job in database["jobs"].find({"mp3": {"$exists": True}})}
    for job in (old, young):
        store(database, "mp3s", mp3s[job])
    for job in (old, young, failed):
        store(database, "videos", job)
    sweep()
    assert database["jobs"].distinct("_id") == [young]
    assert kept(database, "videos") == {young}
    assert kept(database, "mp3s") == {mp3s[young]}


def test_chunks_without_a_file_go_after_a_day(sweep: Sweep, database: Database[Document]) -> None:
    """What an upload or a conversion left behind in the middle goes a day later; what may be under way stays."""
    young = {}
    for bucket in ("videos", "mp3s"):
        store(database, bucket, begun(25), whole=False)
        young[bucket] = store(database, bucket, begun(23), whole=False)
    sweep()
    assert {bucket: kept(database, bucket) for bucket in young} == {bucket: {id_} for bucket, id_ in young.items()}


def test_files_that_no_job_points_at_go_after_a_day(sweep: Sweep, database: Database[Document]) -> None:
    """A video without its job and an MP3 that no job names go a day later; pointed at or young ones stay."""
    videos = {
        store(database, "videos", with_id(database, open_job(database), begun(30))),
        store(database, "videos", with_id(database, ended_job(database, "failed", reason=vars(GAVE_UP)), begun(30))),
        store(database, "videos", begun(23)),
    }
    done = ended_job(database)
    named = begun(30)
    database["jobs"].update_one({"_id": done}, {"$set": {"mp3.id": named}})
    mp3s = {store(database, "mp3s", named), store(database, "mp3s", begun(23))}
    store(database, "videos", begun(25))
    store(database, "mp3s", begun(25))
    sweep()
    assert kept(database, "videos") == videos
    assert kept(database, "mp3s") == mp3s


def test_video_that_its_ended_job_left_behind_goes_after_a_day(sweep: Sweep, database: Database[Document]) -> None:
    """A converter that is killed between commit and deletion leaves a video that is not needed."""
    for state in ("done", "failed"):
        store(database, "videos", with_id(database, ended_job(database, state), begun(25)))
    sweep()
    assert kept(database, "videos") == set()
    assert database["jobs"].count_documents({}) == 2


def test_video_that_is_kept_long_enough_goes_unless_it_is_shared(sweep: Sweep, database: Database[Document]) -> None:
    """The jobs stay."""
    past = {"keep": 1, "kept": datetime.now(UTC) - timedelta(hours=1)}
    jobs = [ended_job(database, state, **past) for state in ("done", "failed")]
    shared = ended_job(database, **past)
    jobs += [shared, open_job(database, keep=1, video=shared), young := ended_job(database, keep=1)]
    database["jobs"].update_one({"_id": young}, {"$set": {"kept": datetime.now(UTC)}})
    for job in (*jobs[:3], young):
        store(database, "videos", job)
    sweep()
    assert kept(database, "videos") == {shared, young}
    assert database["jobs"].count_documents({}) == len(jobs)


def test_orphans_beyond_a_tick_s_share_go_with_the_next(sweep: Sweep, database: Database[Document]) -> None:
    """A tick takes 500 orphans of a kind, and the ticks together all of them."""
    database["mp3s.chunks"].insert_many([{"files_id": begun(25), "n": 0, "data": b"x"} for _ in range(501)])
    sweep()
    assert len(kept(database, "mp3s")) == 1
    sweep()
    assert kept(database, "mp3s") == set()


def test_feed_and_webhook_of_a_deleted_owner_go(sweep: Sweep, database: Database[Document]) -> None:
    """At the next run, with the rights of sweep's user; those of others stay."""
    gone, here = uuid4().hex, uuid4().hex
    Owners(database).delete(gone)
    for name in ("feeds", "webhooks"):
        database[name].insert_many([{"_id": owner, "token": owner.encode()} for owner in (gone, here)])
    sweep()
    for name in ("feeds", "webhooks"):
        assert [one["_id"] for one in database[name].find({"_id": {"$in": [gone, here]}})] == [here]


def upload(database: Database[Document], file: ObjectId, **fields: object) -> ObjectId:
    """Store a resumable upload of that id, with three chunks, which expires in an hour unless the fields say more."""
    owner, now = str(file), datetime.now(UTC)
    Uploads(database).create(Upload(file, owner, "clip.mp4", DEFAULT, "", 1000, now + timedelta(hours=1)))
    database["uploads"].update_one({"_id": file}, {"$set": fields})
    return store(database, "videos", file, whole=False)


def test_expired_upload_goes_with_its_bytes(sweep: Sweep, database: Database[Document]) -> None:
    """Unless a request has written to it within the hour; its job and the video of that stay."""
    past = datetime.now(UTC) - timedelta(minutes=1)
    upload(database, begun(0), expires=past)
    upload(database, begun(0), expires=past, writer="x", until=past - timedelta(hours=1))
    written = upload(database, begun(0), expires=past, writer="x", until=past)
    complete = store(database, "videos", open_job(database, lease=past))
    database["videos.chunks"].delete_many({"files_id": complete})
    upload(database, complete, expires=past, job=complete)
    not_noted = store(database, "videos", open_job(database, lease=past))
    database["videos.chunks"].delete_many({"files_id": not_noted})
    upload(database, not_noted, expires=past)
    sweep()
    assert kept(database, "videos") == {written, complete, not_noted}
    assert database["uploads"].distinct("_id") == [written]


def test_bytes_of_an_upload_under_way_are_no_orphans(sweep: Sweep, database: Database[Document]) -> None:
    """However old, and when its file is visible already, just before its job is created."""
    under_way, whole = upload(database, begun(25)), upload(database, begun(25))
    now = datetime.now(UTC)
    database["videos.files"].insert_one({"_id": whole, "length": 3, "chunkSize": CHUNK, "uploadDate": now})
    gone = upload(database, begun(25))
    database["uploads"].delete_one({"_id": gone})
    sweep()
    assert kept(database, "videos") == {under_way, whole}
