"""The installed program against the whole system."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.client.line import Line
from tests.client.user import User

LENGTH = 24 * 1024 * 1024


@pytest.fixture
def large(film_clip: Path, user: User) -> Path:
    """The film clip with much behind its end, which the conversion does not read."""
    path = user.folder / "large.mp4"
    box = LENGTH - film_clip.stat().st_size
    path.write_bytes(film_clip.read_bytes() + box.to_bytes(4, "big") + b"free" + os.urandom(box - 8))
    return path


def seconds_of(path: Path) -> float:
    show = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    return float(subprocess.run(show, check=True, capture_output=True, text=True).stdout)


def test_newcomer_gets_an_mp3_and_leaves(stranger: User, film_clip: Path) -> None:
    """Login, conversion with options, list, status, download, link, deletion, logout."""
    person = stranger.person
    stranger.run("convert", film_clip, status=3)
    stranger.run("login", "--url", stranger.url, "--email", person.address, given=f"{person.password}\n")
    ran = stranger.run("convert", film_clip, "-q", "64k", "--start", "1", "--end", "3.5", "--title", "Bunny")
    assert ran.stdout.startswith("bigbuckbunny.mp3 (")
    assert seconds_of(stranger.folder / "bigbuckbunny.mp3") == pytest.approx(2.5, abs=0.1)
    (job,) = stranger.jobs()
    assert job["options"] == {"quality": "64k", "start": "1", "end": "3.5", "title": "Bunny"}
    assert "state     done" in stranger.run("status", job["id"]).stdout
    stranger.run("get", job["id"], status=9)
    stranger.run("get", job["id"], "-o", "again")
    first, again = (stranger.folder / folder / "bigbuckbunny.mp3" for folder in ("", "again"))
    assert first.read_bytes() == again.read_bytes()
    assert stranger.run("get", job["id"], "-o", "again", "--skip-existing").stdout.endswith(" (exists)\n")
    assert "/d/" in stranger.run("link", job["id"], "--expires-in", "1h").stdout
    stranger.run("rm", job["id"])
    assert stranger.jobs() == []
    stranger.run("logout")
    stranger.run("ls", status=3)
    assert person.call("GET", "/auth/tokens").json() == {"tokens": []}


def test_token_that_reads_does_not_convert(user: User, film_clip: Path) -> None:
    token = user.run("token", "create", "player", given=user.person.password).stdout.strip()
    (_, listed) = map(json.loads, user.run("token", "ls", "--json", given=user.person.password).stdout.splitlines())
    assert listed["name"] == "player" or listed["name"].startswith("video2mp3 on ")
    user.run("login", "--url", user.url, "--token", "-", given=token)
    user.run("ls")
    user.run("convert", film_clip, status=3)


def test_wrong_password_is_told(stranger: User) -> None:
    ran = stranger.run(
        "login", "--url", stranger.url, "--email", stranger.person.address, given="wrong password", status=3
    )
    assert ran.stderr == "Wrong address or password.\n"


@pytest.mark.parametrize("count", [10_000, LENGTH // 3, LENGTH - 1000])
def test_upload_that_was_killed_is_resumed(count: int, user: User, line: Line, large: Path) -> None:
    """What has arrived is not sent again."""
    begun = line.sent
    line.stop_after(count)
    with user.begin("convert", large.name) as process:
        assert line.full.wait(30)
        process.kill()
    line.cut()
    user.run("convert", large.name)
    (job,) = user.jobs()
    assert job["size"] == LENGTH
    assert line.sent - begun < LENGTH + count / 10 + 100_000
    assert seconds_of(user.folder / "large.mp3") == pytest.approx(5.3, abs=0.1)


def test_upload_survives_a_lost_network(user: User, line: Line, large: Path) -> None:
    line.stop_after(LENGTH // 2)
    with user.begin("convert", large.name) as process:
        assert line.full.wait(30)
        line.cut()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(user.jobs()) == 1
    assert seconds_of(user.folder / "large.mp3") == pytest.approx(5.3, abs=0.1)


def test_folder_of_hostile_names_and_faults_is_converted_as_far_as_it_can_be(
    user: User, film_clip: Path, silent_video: Path
) -> None:
    names = [
        "\x1b[2J.mp4",
        "a\nb.mp4",
        "\u202egpj.mp4",
        os.fsdecode(b"\xff.mp4"),
        "=?utf-8?q?=0A?=.mp4",
        "é" * 120 + ".mp4",
    ]
    names += ["-o.mp4", "[red]b.mp4", "back\\slash.mp4", "שלום.mp4", "deep/er/c.mkv"]
    for name in names:
        path = user.folder / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(film_clip, path)
    shutil.copy(silent_video, user.folder / "films/silent.mp4")
    (user.folder / "films/text.mp4").write_text("This is no film.")
    (user.folder / "films/empty.mp4").touch()
    ran = user.run("convert", "films", "-o", "out", status=1)
    assert ran.stderr.splitlines()[-1] == f"{len(names)} converted, 3 failed"
    assert all(line.isprintable() for line in (ran.stdout + ran.stderr).splitlines())
    made = [path for path in (user.folder / "out").rglob("*") if path.is_file()]
    assert len(made) == len(names)
    assert user.folder / "out/deep/er/c.mp3" in made
    assert all(path.name.isprintable() for path in made)


def test_video_goes_through_pipes(user: User, film_clip: Path) -> None:
    command = "cat $0 | video2mp3 convert - -o - | cat > piped.mp3"
    subprocess.run(["sh", "-c", command, film_clip], cwd=user.folder, env=user.variables, check=True)
    assert seconds_of(user.folder / "piped.mp3") == pytest.approx(5.3, abs=0.1)


def test_impossible_option_is_refused_before_the_upload(user: User, large: Path) -> None:
    ran = user.run("convert", large.name, "-q", "7k", status=6)
    assert "The option `quality` cannot be `7k`." in ran.stderr
    assert user.jobs() == []


def test_doctor_finds_nothing_wrong(user: User) -> None:
    lines = user.run("doctor").stdout.splitlines()
    assert [line[:5].strip() for line in lines] == ["ok"] * 7
