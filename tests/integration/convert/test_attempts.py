"""Redelivered events, killed converters, a MongoDB that is away, a full disk."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest
from bson import ObjectId

from functions.shared.job.owned import Jobs
from tests.integration.convert.converter import Converter
from tests.support.clips import Clips
from tests.support.ingress import Ingress, same
from tests.support.stacks import Server
from tests.support.waiting import eventually


def begun(converter: Converter, job: ObjectId) -> psutil.Process:
    """Wait until the job shows progress; return its ffmpeg."""
    eventually(lambda: converter.job(job)["progress"] > 0, 30, "progress", every=0.005)
    [ffmpeg] = converter.ffmpegs()
    return ffmpeg


def test_concurrent_deliveries_make_one_mp3(converter: Converter, broker: Ingress, clips: Clips) -> None:
    """One of them converts, the other is answered immediately, and one event is published."""
    job = converter.upload(clips.video())
    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(converter.deliver, [job, job]))
    assert all(status < 300 for status in statuses)
    assert converter.job(job)["state"] == "done"
    assert converter.job(job)["tries"] == 1
    assert len({event.data["mp3"] for event in broker.about(job)}) == 1


def test_redelivery_after_the_end_publishes_the_event_again(
    converter: Converter, broker: Ingress, clips: Clips
) -> None:
    """A job that is done or failed is not changed, and the same event is published again."""
    for clip in (clips.video(), clips.text()):
        job = converter.convert(clip)
        assert converter.deliver(job["_id"]) < 300
        assert converter.job(job["_id"]) == job
        first, second = broker.about(job["_id"])
        assert same(first, second)


def test_job_ends_while_the_broker_is_away(converter: Converter, broker: Ingress, clips: Clips) -> None:
    """The job is done and the answer is 2xx: the sweeper republishes the event later."""
    with broker.refusing():
        job = converter.convert(clips.video())
    assert job["state"] == "done"
    assert not broker.about(job["_id"])


def test_progress_renews_the_lease(converter: Converter, clips: Clips) -> None:
    """Progress grows from 0 to 1, and each step renews the lease."""
    job = converter.upload(clips.long())
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(converter.deliver, job)
        begun(converter, job)
        first = converter.job(job)
        assert 0 < first["progress"] < 1
        second = eventually(
            lambda: (now := converter.job(job))["progress"] > first["progress"] and now,
            30,
            "more progress",
            every=0.005,
        )
        assert second["state"] == "done" or second["lease"] > first["lease"]
        assert answer.result() < 300
    assert converter.job(job)["progress"] == 1


def test_job_deleted_during_its_conversion_leaves_nothing(converter: Converter, broker: Ingress, clips: Clips) -> None:
    """Its ffmpeg ends within seconds, no MP3 is kept, no event is published, and the answer is 2xx."""
    job = converter.upload(clips.long())
    before = converter.chunks("mp3s")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(converter.deliver, job)
        ffmpeg = begun(converter, job)
        assert Jobs(converter.database).delete("me", job)
        ffmpeg.wait(timeout=3)
        assert answer.result(timeout=5) < 300
    assert converter.chunks("mp3s") == before
    assert not broker.about(job)
    assert not converter.workspaces()


def test_killed_attempt_is_repeated_after_its_lease(converter: Converter, broker: Ingress, clips: Clips) -> None:
    """ffmpeg dies with its function; after the lease has expired another attempt ends the job."""
    job = converter.upload(clips.long())
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(converter.deliver, job)
        ffmpeg = begun(converter, job)
        converter.kill()
        ffmpeg.wait(timeout=3)
        assert answer.exception() is not None
    assert converter.job(job)["state"] == "converting"
    [left] = converter.workspaces()
    eventually(lambda: _answers(converter), 30, "the function's restart", every=0.005)
    assert converter.deliver(job) < 300  # still leased: nothing to do
    assert converter.job(job)["tries"] == 1
    converter.make_due(job)
    assert converter.deliver(job) < 300
    assert converter.job(job)["state"] == "done"
    assert converter.job(job)["tries"] == 2
    assert len(broker.about(job)) == 1
    assert not left.exists()


def test_ffmpeg_killed_from_outside_is_retried(converter: Converter, clips: Clips) -> None:
    """The job waits for its next attempt, and the answer is 503."""
    job = converter.upload(clips.long())
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(converter.deliver, job)
        begun(converter, job).kill()
        assert answer.result() == 503
    assert converter.job(job)["state"] == "uploaded"
    assert converter.has_video(job)
    Jobs(converter.database).delete("me", job)


def test_failed_attempt_at_a_deleted_job_is_not_retried(converter: Converter, clips: Clips) -> None:
    """There is nothing to release and nothing to redeliver: 2xx."""
    job = converter.upload(clips.long())
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(converter.deliver, job)
        ffmpeg = begun(converter, job)
        Jobs(converter.database).delete("me", job)
        with suppress(psutil.NoSuchProcess):  # on a slow machine the next renewal may end it first
            ffmpeg.kill()
        assert answer.result() < 300


@pytest.mark.parametrize("spare", [-10_000, 100_000])
def test_full_disk_is_retried(small_disk: Converter, clips: Clips, spare: int) -> None:
    """Where the video or its MP3 does not fit, 503, and nothing left; once there is space, the job ends well."""
    video = clips.bytes("24-seconds.wav", clips.long().read_bytes()[: 24 * 44100])
    job, ballast = small_disk.upload(video), small_disk.scratch / "ballast"
    # Landlock lets go of a file some time after the sandboxed process has ended: an earlier video's space comes late.
    eventually(lambda: shutil.disk_usage(small_disk.scratch).used == 0, 30, "an empty disk", every=0.005)
    ballast.write_bytes(bytes(shutil.disk_usage(small_disk.scratch).free - video.stat().st_size - spare))
    assert small_disk.deliver(job) == 503
    document = small_disk.job(job)
    assert (document["state"], document["tries"], document["progress"]) == ("uploaded", 1, 0)
    assert not small_disk.workspaces()
    assert small_disk.deliver(job) < 300  # it waits for its time
    assert small_disk.job(job)["tries"] == 1
    ballast.unlink()
    small_disk.make_due(job)
    assert small_disk.deliver(job) < 300
    assert small_disk.job(job)["state"] == "done"


def test_job_fails_after_three_server_problems(small_disk: Converter, broker: Ingress, clips: Clips) -> None:
    """After three attempts the job has failed and says so; its video stays for a replay."""
    job = small_disk.upload(clips.long())
    statuses = []
    for _ in range(3):
        small_disk.make_due(job)
        statuses.append(small_disk.deliver(job))
    assert statuses[:2] == [503, 503]
    assert statuses[2] < 300
    assert small_disk.job(job)["reason"]["code"] == "gave_up"
    assert [event.data["code"] for event in broker.about(job)] == ["gave_up"]
    assert small_disk.has_video(job)


def test_attempts_that_never_ended_count(converter: Converter, broker: Ingress, clips: Clips) -> None:
    """A job whose third attempt was killed is given up at the next delivery."""
    job = converter.upload(clips.video())
    converter.database["jobs"].update_one({"_id": job}, {"$set": {"state": "converting", "tries": 3}})
    converter.make_due(job)
    assert converter.deliver(job) < 300
    assert converter.job(job)["reason"]["code"] == "gave_up"
    assert [event.data["code"] for event in broker.about(job)] == ["gave_up"]


def test_store_that_is_away_is_503_within_10_seconds(converter: Converter, clips: Clips, mongodb: Server) -> None:
    """The broker may deliver again, and then it works."""
    job = converter.upload(clips.video())
    mongodb.stop()
    try:
        began = time.monotonic()
        assert converter.deliver(job) == 503
        assert time.monotonic() - began < 10
    finally:
        mongodb.start()
    assert converter.deliver(job) < 300
    assert converter.job(job)["state"] == "done"


def _answers(converter: Converter) -> bool:
    try:
        return converter.deliver("nobody") < 300
    except OSError:
        return False
