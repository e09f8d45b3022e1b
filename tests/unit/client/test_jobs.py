"""The commands about jobs, against a stand-in for the service."""

import fcntl
import json
from pathlib import Path

import pytest

from tests.unit.client.conftest import Run
from tests.unit.client.fake import MP3, FakeService, problem


def done(service: FakeService, name: str = "clip.mp4") -> str:
    """Return a job that is done."""
    number = service.add_job(name)
    while service._look(number)["state"] != "done":
        pass
    return number


def test_jobs_are_listed_newest_first(run: Run, service: FakeService) -> None:
    older, newer = service.add_job("a.mp4"), done(service, "b.mp4")
    first, second = run("ls").out.splitlines()
    assert first.startswith(newer)
    assert first.endswith("done              102.4 kB  b.mp4")
    assert second.startswith(older)


def test_all_jobs_are_listed_over_pages(run: Run, service: FakeService) -> None:
    for number in range(250):
        service.add_job(f"{number}.mp4")
    assert len(run("ls").out.splitlines()) == 20
    jobs = [json.loads(line) for line in run("ls", "--all", "--json").out.splitlines()]
    assert len({job["id"] for job in jobs}) == 250
    assert service.calls("GET", "/jobs") == 4


def test_job_is_shown(run: Run, service: FakeService) -> None:
    number = done(service)
    ran = run("status", number)
    assert ran.status == 0
    assert "MP3       102.4 kB, 0:00:05" in ran.out


def test_job_is_watched_to_its_end(run: Run, service: FakeService) -> None:
    service.polls = [0.1, 0.5]
    number = service.add_job("clip.mp4")
    ran = run("status", number, "--watch")
    assert (ran.status, ran.err) == (0, "clip.mp4: converting\n")
    assert "state     done" in ran.out


def test_watched_job_that_fails_has_a_status_of_its_own(run: Run, service: FakeService) -> None:
    service.reason = {"code": "no_audio", "message": "The video has no audio track."}
    ran = run("status", service.add_job("clip.mp4"), "--watch")
    assert ran.status == 8
    assert "The video has no audio track. (no_audio)" in ran.out


def test_mp3_is_downloaded_under_the_video_s_name(run: Run, service: FakeService) -> None:
    first, second = done(service, "a.mp4"), service.add_job("b.mp4")
    assert run("get", first, second, "-o", "out").status == 0
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == {"a.mp3": MP3, "b.mp3": MP3}


def test_same_id_twice_is_one_download(run: Run, service: FakeService) -> None:
    number = done(service)
    assert run("get", number, number).status == 0


def test_existing_mp3_is_skipped(run: Run, service: FakeService) -> None:
    number = done(service)
    Path("clip.mp3").write_text("mine")
    assert run("get", number).status == 9
    ran = run("get", number, "--skip-existing")
    assert (ran.status, ran.out) == (0, "clip.mp3 (exists)\n")
    assert Path("clip.mp3").read_text() == "mine"


def test_mp3_that_is_being_downloaded_is_left_to_the_other_program(run: Run, service: FakeService) -> None:
    number = done(service)
    with Path(f".{number}.part").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ran = run("get", number)
    assert (ran.status, "Another video2mp3 is downloading this MP3." in ran.err) == (9, True)
    assert Path(f".{number}.part").exists()


@pytest.mark.parametrize("name", ["../../a.mp4", "/etc/a.mp4", "..\\a.mp4", "a\x00.mp4", "\x1b]0;a\x07.mp4", "..", ""])
def test_name_of_a_job_is_no_path(name: str, run: Run, service: FakeService) -> None:
    ran = run("get", done(service, name), "-o", "out")
    assert ran.status == 0
    (path,) = Path("out").rglob("*")
    assert path.name.isprintable()
    assert path.suffix == ".mp3"
    assert "\x1b" not in ran.out + ran.err


def test_jobs_are_deleted(run: Run, service: FakeService) -> None:
    first, second = done(service), done(service)
    assert run("rm", first, second).status == 0
    assert not service.jobs


def test_unknown_job_does_not_keep_the_others_from_deletion(run: Run, service: FakeService) -> None:
    number = done(service)
    ran = run("rm", "f" * 24, number)
    assert (ran.status, ran.err) == (6, f"{'f' * 24}: Not found.\n")
    assert not service.jobs


@pytest.mark.parametrize("number", ["../auth/account", "1", "", "g" * 24])
def test_id_that_is_none_is_not_sent(number: str, run: Run, service: FakeService) -> None:
    for arguments in (["rm", number], ["status", number], ["get", number], ["link", number]):
        assert run(*arguments).status == 6
    assert service.seen == []


def test_link_is_printed(run: Run, service: FakeService) -> None:
    number = done(service)
    assert run("link", number).out.splitlines()[0] == f"{service.url}/d/86400"
    assert run("link", number, "--expires-in", "7d").out.splitlines()[0] == f"{service.url}/d/604800"
    assert run("link", number, "--expires-in", "soon").status == 2


def test_page_is_opened(run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert run("open").out == f"{service.url}\n"
    assert opened == [service.url]


def test_limit_that_lasts_is_told_instead_of_waited_for(run: Run, service: FakeService) -> None:
    service.faults.append(lambda _request: problem(429, "Too many requests.", {"Retry-After": "3600"}))
    ran = run("ls")
    assert (ran.status, ran.err) == (7, "Too many requests.\n")
