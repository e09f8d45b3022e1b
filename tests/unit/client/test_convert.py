"""`video2mp3 convert` against a stand-in for the service."""

import io
import json
import os
import sys
from pathlib import Path

import pytest
from werkzeug import Request, Response

from scripts.client import crew
from tests.unit.client.conftest import Run
from tests.unit.client.fake import MP3, FakeService, problem, take


def cut_after(service: FakeService, count: int) -> None:
    """Let the next PATCH store so many bytes and then cut the connection."""

    def cut(request: Request) -> Response | None:
        if request.method != "PATCH":
            return None
        service.faults.pop(0)
        take(request, service.uploads[request.path.rpartition("/")[2]], count)
        raise ConnectionError

    service.faults.append(cut)


def test_video_is_uploaded_and_its_mp3_downloaded(run: Run, service: FakeService, video: Path) -> None:
    ran = run("convert", str(video))
    assert (ran.status, ran.out) == (0, "clip.mp3 (102.4 kB)\n")
    assert Path("clip.mp3").read_bytes() == MP3
    (upload,) = service.uploads.values()
    assert upload.data == video.read_bytes()
    assert upload.metadata == {"filename": "clip.mp4"}
    assert ran.err.splitlines() == [
        "clip.mp4: uploading 400.0 kB",
        "clip.mp4: converting",
        "clip.mp4: downloading 102.4 kB",
    ]


def test_options_are_sent_with_the_upload(run: Run, service: FakeService, video: Path) -> None:
    options = ["-q", "128k", "--start", "-30", "--sample-rate", "44100", "--title", "Ä film", "--comment", ""]
    assert run("convert", *options, str(video)).status == 0
    (upload,) = service.uploads.values()
    wanted = {"quality": "128k", "start": "-30", "sample_rate": "44100", "title": "Ä film", "comment": ""}
    assert upload.metadata == {"filename": "clip.mp4", **wanted}


def test_refused_option_is_told_before_anything_is_uploaded(run: Run, service: FakeService, video: Path) -> None:
    def refuse(request: Request) -> Response | None:
        return problem(422, "The option `quality` cannot be `7k`.") if request.method == "POST" else None

    service.faults.append(refuse)
    ran = run("convert", "-q", "7k", str(video))
    assert (ran.status, ran.err) == (6, "clip.mp4: The option `quality` cannot be `7k`.\n")
    assert service.calls("PATCH", ".*") == 0


def test_upload_that_is_cut_goes_on_where_it_was(run: Run, service: FakeService, video: Path) -> None:
    for _ in range(3):
        cut_after(service, 70_000)
    assert run("convert", str(video)).status == 0
    (upload,) = service.uploads.values()
    assert upload.data == video.read_bytes()
    assert (service.calls("POST", "/uploads"), service.calls("PATCH", ".*")) == (1, 4)


def test_next_run_resumes_the_upload(run: Run, service: FakeService, video: Path) -> None:
    cut_after(service, 70_000)
    service.faults.append(lambda _request: problem(401, "Log in."))
    assert run("convert", str(video)).status == 3
    assert run("convert", str(video)).status == 0
    (upload,) = service.uploads.values()
    assert upload.data == video.read_bytes()


def test_next_run_waits_for_the_job_of_the_upload(run: Run, service: FakeService, video: Path) -> None:
    def refuse(request: Request) -> Response | None:
        return problem(401, "Log in.") if request.path.startswith("/jobs/") else None

    service.faults.append(refuse)
    assert run("convert", str(video)).status == 3
    assert run("convert", str(video)).status == 0
    assert len(service.uploads) == 1


def test_changed_video_is_uploaded_anew(run: Run, service: FakeService, video: Path) -> None:
    cut_after(service, 70_000)
    service.faults.append(lambda _request: problem(401, "Log in."))
    run("convert", str(video))
    video.write_bytes(b"other" * 100_000)
    assert run("convert", str(video)).status == 0
    assert service.jobs[[*service.jobs][-1]]["state"] == "done"
    assert [*service.uploads.values()][-1].data == video.read_bytes()


def test_lost_answer_to_the_creation_makes_no_second_upload(run: Run, service: FakeService, video: Path) -> None:
    def lose(request: Request) -> Response | None:
        if request.method != "POST":
            return None
        service.faults.pop(0)
        service._create(request)
        raise ConnectionError

    service.faults.append(lose)
    assert run("convert", str(video)).status == 0
    assert len(service.uploads) == 1


def test_expired_upload_begins_anew(run: Run, service: FakeService, video: Path) -> None:
    cut_after(service, 70_000)
    service.faults.append(lambda _request: problem(410, "The upload has expired."))
    assert run("convert", str(video)).status == 0
    assert len(service.keys) == 2


@pytest.mark.parametrize("status", [429, 423, 503])
def test_limit_is_waited_for_as_long_as_the_service_says(
    status: int, run: Run, service: FakeService, video: Path
) -> None:
    def refuse(request: Request) -> Response | None:
        return problem(status, "Quota exceeded.", {"Retry-After": "0"}) if request.path == "/uploads" else None

    service.faults += [refuse, refuse]
    assert run("convert", str(video)).status == 0
    assert service.calls("POST", "/uploads") == 3


def test_download_that_is_cut_goes_on_where_it_was(run: Run, service: FakeService, video: Path) -> None:
    def cut(request: Request) -> Response | None:
        if not request.path.startswith("/download/"):
            return None
        return Response(MP3[:1000], 200, {"Content-Length": str(len(MP3))})

    service.faults.append(cut)
    assert run("convert", str(video)).status == 0
    assert Path("clip.mp3").read_bytes() == MP3
    assert service.headers[-1]["Range"] == "bytes=1000-"


def test_existing_file_is_not_overwritten_and_nothing_is_uploaded(run: Run, service: FakeService, video: Path) -> None:
    Path("clip.mp3").write_text("mine")
    ran = run("convert", str(video))
    assert ran.status == 9
    assert "`--force` overwrites it" in ran.err
    assert Path("clip.mp3").read_text() == "mine"
    assert not service.uploads


def test_file_that_appears_meanwhile_is_not_overwritten(run: Run, service: FakeService, video: Path) -> None:
    def appear(request: Request) -> Response | None:
        if request.path.startswith("/download/"):
            Path("clip.mp3").write_text("mine")
        return None

    service.faults.append(appear)
    assert run("convert", str(video)).status == 9
    assert Path("clip.mp3").read_text() == "mine"
    assert {path.name for path in Path().iterdir()} == {"clip.mp3", "clip.mp4"}


def test_folder_that_cannot_be_written_is_told_before_the_upload(run: Run, service: FakeService, video: Path) -> None:
    ran = run("convert", str(video), "-o", str(video))
    assert ran.status == 9
    assert "MP3s cannot be written to clip.mp4: File exists." in ran.err
    assert not service.uploads


def test_force_overwrites(run: Run, service: FakeService, video: Path) -> None:
    Path("clip.mp3").write_text("old")
    assert run("convert", "--force", str(video)).status == 0
    assert Path("clip.mp3").read_bytes() == MP3


def test_existing_is_skipped(run: Run, service: FakeService, video: Path) -> None:
    Path("clip.mp3").write_text("mine")
    ran = run("convert", "--skip-existing", str(video))
    assert (ran.status, ran.out) == (0, "clip.mp3 (exists)\n")
    assert not service.uploads


def test_folder_is_converted_with_all_below_it(run: Run, service: FakeService) -> None:
    for name in ("films/a.mp4", "films/deep/er/b.MKV", "films/notes.txt", "films/.hidden.mp4", "films/.git/c.mp4"):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"film")
    ran = run("convert", "films", "-o", "out")
    assert ran.status == 0
    found = sorted(str(path) for path in Path("out").rglob("*") if path.is_file())
    assert found == ["out/a.mp3", "out/deep/er/b.mp3"]
    assert ran.err.splitlines()[-1] == "2 converted"


def test_folder_without_videos_is_told(run: Run, service: FakeService) -> None:
    Path("empty").mkdir()
    ran = run("convert", "empty")
    assert (ran.status, ran.err) == (9, "empty has no videos.\n")


def test_lines_of_several_videos_do_not_mix(
    run: Run, service: FakeService, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is written at once."""
    written: list[str] = []
    monkeypatch.setattr(sys.stderr, "write", written.append)
    assert run("convert", str(video)).status == 0
    assert written
    assert all(text.endswith("\n") for text in written if text)


def test_named_pipe_is_not_waited_for(run: Run, service: FakeService, video: Path) -> None:
    """Nor does it keep the videos beside it."""
    os.mkfifo("pipe.mp4")
    ran = run("convert", ".", "-o", "out")
    assert ran.status == 9
    assert "pipe.mp4: This is no file. `-` reads standard input.\n" in ran.err
    assert Path("out/clip.mp3").exists()


def test_argument_that_no_file_can_have_does_not_keep_the_others(run: Run, service: FakeService, video: Path) -> None:
    name = "a" * 300
    ran = run("convert", name, str(video))
    assert (ran.status, f"{name}: The file cannot be read: File name too long.\n" in ran.err) == (9, True)
    assert Path("clip.mp3").exists()


def test_two_videos_of_one_name_do_not_become_one_mp3(run: Run, service: FakeService) -> None:
    for name in ("clip.mkv", "clip.mp4"):
        Path(name).write_bytes(b"film")
    ran = run("convert", "clip.mkv", "clip.mp4")
    assert ran.status == 9
    assert "clip.mp4: Its MP3 would be that of clip.mkv." in ran.err
    assert len(service.uploads) == 1


def test_same_argument_twice_is_one_video(run: Run, service: FakeService, video: Path) -> None:
    assert run("convert", str(video), str(video)).status == 0
    assert len(service.uploads) == 1


def test_failed_conversion_is_told_with_its_reason(run: Run, service: FakeService, video: Path) -> None:
    service.reason = {"code": "no_audio", "message": "The video has no audio track."}
    ran = run("convert", str(video))
    assert ran.status == 8
    assert "clip.mp4: The video has no audio track. (no_audio)" in ran.err


def test_failed_conversion_is_tried_again_by_the_next_run(run: Run, service: FakeService, video: Path) -> None:
    service.reason = {"code": "gave_up", "message": "Gave up."}
    run("convert", str(video))
    service.reason = None
    assert run("convert", str(video)).status == 0
    assert len(service.uploads) == 2


def test_one_failure_does_not_keep_the_others(run: Run, service: FakeService, video: Path) -> None:
    ran = run("convert", "missing.mp4", str(video))
    assert ran.status == 9
    assert "missing.mp4: The file cannot be read: No such file or directory." in ran.err
    assert ran.err.splitlines()[-1] == "1 converted, 1 failed"
    assert Path("clip.mp3").exists()


def test_failures_of_different_kinds_have_a_status_of_their_own(run: Run, service: FakeService, video: Path) -> None:
    service.reason = {"code": "no_audio", "message": "No sound."}
    assert run("convert", "missing.mp4", str(video)).status == 1


def test_refused_login_begins_no_other_video(
    run: Run, service: FakeService, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "THREADS", 1)
    Path("other.mp4").write_bytes(b"film")

    def refuse(request: Request) -> Response | None:
        return problem(401, "Log in.") if request.path == "/uploads" else None

    service.faults += [refuse] * 2
    ran = run("convert", str(video), "other.mp4")
    assert ran.status == 3
    assert ran.err.splitlines()[-1] == "1 failed, 1 not begun"
    assert service.calls("POST", "/uploads") == 1


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Let standard input be a pipe with these bytes."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(os.fdopen(reading, "rb")))


def test_standard_input_becomes_standard_output(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.mp3 = b"ID3 sound"
    piped(monkeypatch, b"film" * 1000)
    ran = run("convert", "-", "-o", "-")
    assert (ran.status, ran.out) == (0, "ID3 sound")
    (upload,) = service.uploads.values()
    assert upload.data == b"film" * 1000


def test_standard_input_becomes_a_file(run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"film")
    assert run("convert", "-").status == 0
    assert Path("video.mp3").read_bytes() == MP3


def test_standard_output_takes_one_video(run: Run, service: FakeService, video: Path) -> None:
    assert run("convert", str(video), "other.mp4", "-o", "-").status == 2


def test_json_has_one_object_for_each_video(run: Run, service: FakeService, video: Path) -> None:
    ran = run("convert", "--json", "missing.mp4", str(video))
    assert ran.status == 9
    (done,) = map(json.loads, ran.out.splitlines())
    assert done == {"of": "clip.mp4", "mp3": "clip.mp3", "job": next(iter(service.jobs)), "skipped": False}
    (failed,) = map(json.loads, ran.err.splitlines())
    assert failed["of"] == "missing.mp4"
    assert failed["error"]["kind"] == "file"
    assert failed["error"]["exit_status"] == 9


def test_quiet_prints_failures_alone(run: Run, service: FakeService, video: Path) -> None:
    ran = run("convert", "--quiet", str(video), "missing.mp4")
    assert (ran.out, ran.err) == ("", "missing.mp4: The file cannot be read: No such file or directory.\n")


def test_thousand_videos_are_converted(run: Run, service: FakeService) -> None:
    service.polls, service.mp3 = [], b"mp3"
    Path("films").mkdir()
    for number in range(1000):
        Path(f"films/{number}.mp4").write_bytes(b"film")
    ran = run("convert", "films", "-o", "out")
    assert ran.status == 0
    assert len([*Path("out").iterdir()]) == 1000
    assert ran.err.splitlines()[-1] == "1000 converted"


def test_not_logged_in_is_told(run: Run, video: Path) -> None:
    ran = run("convert", str(video))
    assert (ran.status, "video2mp3 login" in ran.err) == (3, True)
