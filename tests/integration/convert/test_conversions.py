"""The function against real MongoDB and ffmpeg: what comes of each kind of file."""

import shutil
import socket
from pathlib import Path

import pytest
from bson import ObjectId

from functions.shared.media import Bucket
from tests.integration.convert.converter import Converter, probed
from tests.support.clips import Clips
from tests.support.ingress import Ingress


def test_video_becomes_an_mp3(converter: Converter, broker: Ingress, clips: Clips, tmp_path: Path) -> None:
    """The MP3 decodes, is as long as the video, is committed and published; the video and its copy are deleted."""
    job = converter.convert(clips.video())
    assert job["state"] == "done"
    assert job["progress"] == 1
    assert job["mp3"]["duration"] == pytest.approx(3, abs=0.1)
    mp3 = probed(converter.mp3(job), tmp_path)
    assert mp3["format_name"] == "mp3"
    assert mp3["decoded"] == pytest.approx(3, abs=0.1)
    [event] = broker.about(job["_id"])
    assert event["type"] == "video2mp3.audio.converted.v1"
    assert event["id"] == f"{job['_id']}.converted"
    assert event["source"] == "/functions/convert"
    assert event.data == {"job": str(job["_id"]), "mp3": str(job["mp3"]["id"])}
    assert not converter.has_video(job["_id"])
    assert not converter.workspaces()


@pytest.mark.parametrize("kind", ["stereo_mkv", "surround", "digital_silence"])
def test_any_audio_is_converted(converter: Converter, clips: Clips, tmp_path: Path, kind: str) -> None:
    """Stereo in Matroska, six channels, and silence that is recorded as such all become MP3s."""
    job = converter.convert(getattr(clips, kind)())
    assert job["state"] == "done"
    assert probed(converter.mp3(job), tmp_path)["decoded"] == pytest.approx(3, abs=0.1)


def test_duration_counts_decoded_samples(converter: Converter, clips: Clips, tmp_path: Path) -> None:
    """A video whose clock jumps by ten hours has an MP3 of 3 s that is said to be of 3 s."""
    job = converter.convert(clips.jump())
    assert job["mp3"]["duration"] == pytest.approx(3, abs=0.001)
    assert probed(converter.mp3(job), tmp_path)["decoded"] == pytest.approx(3, abs=0.1)


def test_tags_that_players_show_are_kept_and_nothing_else(converter: Converter, clips: Clips, tmp_path: Path) -> None:
    """Title, artist, album and comment are the video's; place, rights and the encoder's name are gone."""
    mp3 = converter.mp3(converter.convert(clips.video()))
    assert probed(mp3, tmp_path)["tags"] == {
        "title": "A = title; # \\ é",
        "artist": "Me",
        "album": "Mine",
        "comment": "a remark",
    }
    assert not any(word in mp3 for word in (b"12.34", b"somebody"))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("no_audio", "no_audio"),
        ("no_packets", "damaged"),
        ("without_its_end", "damaged"),
        ("noise_inside", "damaged"),
        ("encrypted", "encrypted"),
        ("unsupported", "unsupported"),
        ("text", "not_a_video"),
        ("empty", "not_a_video"),
        ("noise", "not_a_video"),
        ("picture", "not_a_video"),
        ("session", "not_a_video"),
        ("forged_message", "unsupported"),
    ],
)
def test_unusable_file_fails_with_its_reason(
    converter: Converter, broker: Ingress, clips: Clips, kind: str, code: str
) -> None:
    """The job fails at the first attempt, its event has the code, and the video is deleted."""
    job = converter.convert(getattr(clips, kind)())
    assert job["state"] == "failed"
    assert job["reason"]["code"] == code
    assert job["tries"] == 1
    [event] = broker.about(job["_id"])
    assert event["type"] == "video2mp3.conversion.failed.v1"
    assert event["id"] == f"{job['_id']}.failed"
    assert event.data == {"job": str(job["_id"]), "code": code}
    assert not converter.has_video(job["_id"])
    assert not converter.workspaces()


def test_playlist_opens_no_connection(converter: Converter, clips: Clips) -> None:
    """A playlist called .mp4 is not a video, and no connection is made."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        job = converter.convert(clips.playlist(f"http://127.0.0.1:{listener.getsockname()[1]}/a.ts"))
        assert job["reason"]["code"] == "not_a_video"
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("kind", ["playlist", "concatenation"])
def test_playlist_reads_no_other_file(converter: Converter, clips: Clips, kind: str) -> None:
    """A playlist that names a real video next to it does not become that video's MP3."""
    canary = converter.scratch / "canary.mp4"
    shutil.copy(clips.video(), canary)
    for target in ("../canary.mp4", str(canary)):
        job = converter.convert(getattr(clips, kind)(target))
        assert job["reason"]["code"] == "not_a_video"


def test_job_whose_video_is_gone_fails(converter: Converter, clips: Clips) -> None:
    """Nothing to convert is a failure with a reason, not an endless retry."""
    job = converter.upload(clips.video())
    Bucket(converter.database, "videos").delete(job)
    assert converter.deliver(job) < 300
    assert converter.job(job)["reason"]["code"] == "missing"


def test_video_that_lacks_a_part_fails(converter: Converter, clips: Clips) -> None:
    """A chunk that is not there is no reason to make an MP3 of the rest."""
    job = converter.upload(clips.long())
    converter.database["videos.chunks"].delete_one({"files_id": job, "n": 3})
    assert converter.deliver(job) < 300
    assert converter.job(job)["reason"]["code"] == "missing"


@pytest.mark.parametrize("subject", ["", "no job", "../../etc/passwd", str(ObjectId())])
def test_event_without_a_job_is_accepted(converter: Converter, broker: Ingress, subject: str) -> None:
    """A malformed or unknown job is answered 2xx, as no retry would help, and no event is published."""
    before = len(broker.heard)
    assert converter.deliver(subject) < 300
    assert len(broker.heard) == before
