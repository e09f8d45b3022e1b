"""What a user gives away or has fetched: a link, an archive, a podcast feed."""

import io
import subprocess
import zipfile
from pathlib import Path

import feedparser
import pytest
import requests

from tests.support.person import Person
from tests.support.stacks import RunningStack

CHAPTERS = """\
;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=2000
title=Meadow
[CHAPTER]
TIMEBASE=1/1000
START=2000
END=5000
title=Forest
"""


@pytest.fixture
def person(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


@pytest.fixture(scope="session")
def film_with_chapters(film_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chapters")
    (folder / "chapters.txt").write_text(CHAPTERS)
    film = folder / "meadow and forest.mkv"
    inputs = ["-i", str(film_clip), "-i", str(folder / "chapters.txt")]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, "-map_chapters", "1", "-c", "copy", str(film)], check=True)
    return film


def test_mp3_is_given_away_by_a_link(person: Person, film_clip: Path) -> None:
    """Its address works as it is, without a login, until the job is deleted."""
    job = person.finished(person.upload(film_clip))
    link = person.call("POST", f"/jobs/{job['id']}/link", json={"expires_in": 3600}).json()["url"]
    shared, own = requests.get(link, timeout=60), person.call("GET", f"/download/{job['mp3']['id']}")
    assert (shared.status_code, shared.content) == (200, own.content)
    assert requests.get(link, headers={"Range": "bytes=0-99"}, timeout=60).content == own.content[:100]
    person.call("DELETE", f"/jobs/{job['id']}")
    assert requests.get(link, timeout=60).status_code == 410


def test_all_mp3s_come_in_one_archive(person: Person, film_clip: Path) -> None:
    jobs = [person.finished(person.upload(film_clip)) for _ in range(2)]
    answer = person.call("GET", "/download.zip")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["bigbuckbunny.mp3", "bigbuckbunny (2).mp3"]
        assert [info.file_size for info in archive.infolist()] == [job["mp3"]["size"] for job in reversed(jobs)]
        assert archive.testzip() is None


def test_podcast_app_reads_the_feed(person: Person, film_with_chapters: Path) -> None:
    """With nothing but its address: the episode, its MP3 and its chapters, until the feed is ended."""
    job = person.finished(person.upload(film_with_chapters))
    url = person.call("POST", "/feed").json()["url"]
    feed = feedparser.parse(requests.get(url, timeout=60).content)
    (episode,) = feed.entries
    assert (episode.title, episode.itunes_duration) == ("meadow and forest", "5")
    (enclosure,) = episode.enclosures
    assert requests.get(enclosure.href, timeout=60).headers["Content-Length"] == enclosure.length
    assert int(enclosure.length) == job["mp3"]["size"]
    chapters = requests.get(episode.podcast_chapters["url"], timeout=60).json()["chapters"]
    assert [(chapter["startTime"], chapter["title"]) for chapter in chapters] == [(0, "Meadow"), (2, "Forest")]
    person.call("DELETE", "/feed")
    assert requests.get(url, timeout=60).status_code == 404
    assert requests.get(enclosure.href, timeout=60).status_code == 410
