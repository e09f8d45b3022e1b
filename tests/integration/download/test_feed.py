"""The private podcast feed of one user's MP3s."""

import io
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser
import pytest
import requests
from bson import ObjectId

from functions.convert.id3 import Chapter, Tag
from scripts.local.supervision import Supervisor
from tests.support.callers import Caller
from tests.support.problems import assert_problem, without_ids
from tests.support.shelf import Shelf
from tests.support.waiting import eventually

MP3 = bytes(range(256)) * 100
CHAPTERS = [Chapter(0, 1500, "Eins"), Chapter(1500, 9000, ""), Chapter(9000, 60_000, "Drei ♫")]
NAMES = ["film.mp4", 'Ä & <b>"x"</b> \ufffe\U0001f3b5.mkv', "no extension"]


def new_feed(caller: Caller) -> str:
    answer = caller.call("POST", "/feed")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.json()["url"])


def get(caller: Caller, url: str, method: str = "GET", **headers: str) -> requests.Response:
    """Ask for the URL at the function itself, without a token."""
    return requests.request(method, caller.url + urlsplit(url).path, headers=headers, timeout=60)


def read(answer: requests.Response) -> Any:
    """Return the feed as feedparser reads it, to which it must be well-formed."""
    assert answer.status_code == 200, answer.text
    headers = {name.lower(): value for name, value in answer.headers.items()}
    parsed = feedparser.parse(io.BytesIO(answer.content), response_headers=headers)
    assert not parsed.bozo, parsed.bozo_exception
    assert parsed.version == "rss20"
    return parsed


def episodes(answer: requests.Response) -> Iterator[tuple[str, str]]:
    for entry in read(answer).entries:
        (enclosure,) = entry.enclosures
        yield entry.title, enclosure.href


def test_feed_lists_the_mp3s(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """The newest first, with title, duration, size, and a link that needs no login; nobody else's."""
    jobs = [shelf.done(caller.user, MP3 + bytes([number]), name=name) for number, name in enumerate(NAMES)]
    shelf.uploaded(caller.user)
    shelf.done(stranger.user)
    url = new_feed(caller)
    assert url.startswith("https://gateway.example/feed/")
    assert url.endswith(".xml")
    answer = get(caller, url)
    assert answer.headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    feed = read(answer)
    assert feed.feed.title == "video2mp3"
    assert feed.feed.itunes_block == 1
    assert [entry.id for entry in feed.entries] == [f"video2mp3:{job.id}" for job in reversed(jobs)]
    assert [entry.title for entry in feed.entries] == ["no extension", 'Ä & <b>"x"</b> \U0001f3b5', "film"]
    assert "&lt;b&gt;" in feed.entries[1].description  # HTML to an app
    assert {entry.itunes_duration for entry in feed.entries} == {"2"}
    for entry, number in zip(feed.entries, (2, 1, 0), strict=True):
        (enclosure,) = entry.enclosures
        assert (enclosure.type, enclosure.length) == ("audio/mpeg", str(len(MP3) + 1))
        assert enclosure.href.startswith("https://gateway.example/d/")
        assert get(caller, enclosure.href).content == MP3 + bytes([number])
        assert get(caller, enclosure.href, Range="bytes=0-9").status_code == 206
        assert not entry.guidislink


def test_new_feed_is_empty(caller: Caller) -> None:
    assert list(episodes(get(caller, new_feed(caller)))) == []


def test_feed_is_read_again_only_if_it_has_changed(caller: Caller, shelf: Shelf) -> None:
    """By its ETag: it stays as it is until an MP3 comes or goes, or the links of the day are over."""
    job = shelf.done(caller.user)
    url = new_feed(caller)
    first = get(caller, url)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    for method in ("GET", "HEAD"):
        again = get(caller, url, method, **{"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    head = get(caller, url, "HEAD")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", tag)
    assert head.headers["Content-Length"] == str(len(first.content))
    shelf.done(caller.user)
    assert get(caller, url, **{"If-None-Match": tag}).status_code == 200
    changed = get(caller, url).headers["ETag"]
    assert caller.call("DELETE", f"/jobs/{job.id}").status_code == 204
    assert get(caller, url, **{"If-None-Match": changed}).status_code == 200


def test_new_feed_revokes_the_one_before(caller: Caller, shelf: Shelf) -> None:
    """Its address is 404 then, and its enclosures are gone; the links that a user has made stay."""
    job = shelf.done(caller.user, MP3)
    link = caller.call("POST", f"/jobs/{job.id}/link").json()["url"]
    old = new_feed(caller)
    ((_, enclosure),) = episodes(get(caller, old))
    assert get(caller, enclosure).content == MP3
    new = new_feed(caller)
    assert_problem(get(caller, old), 404)
    assert_problem(get(caller, enclosure), 410)
    assert get(caller, next(episodes(get(caller, new)))[1]).content == MP3
    assert get(caller, link).content == MP3


def test_feed_is_shown_and_revoked(caller: Caller, shelf: Shelf) -> None:
    """Without its address, which nobody can read any more: it is stored as a hash."""
    shelf.done(caller.user, MP3)
    assert_problem(caller.call("GET", "/feed"), 404)
    url = new_feed(caller)
    token = urlsplit(url).path.removeprefix("/feed/").removesuffix(".xml")
    assert token not in str(shelf.database["feeds"].find_one({"_id": caller.user}))
    shown = caller.call("GET", "/feed")
    assert shown.json().keys() == {"created"}
    ((_, enclosure),) = episodes(get(caller, url))
    for _ in range(2):
        assert caller.call("DELETE", "/feed").status_code == 204
    assert_problem(caller.call("GET", "/feed"), 404)
    assert_problem(get(caller, url), 404)
    assert_problem(get(caller, enclosure), 410)


def test_feed_ends_with_its_account(caller: Caller, shelf: Shelf) -> None:
    shelf.done(caller.user)
    url = new_feed(caller)
    assert caller.call("DELETE", "/jobs", headers={"Account-Deletion": "true"}).status_code == 204
    assert_problem(get(caller, url), 404)
    assert shelf.database["feeds"].find_one({"_id": caller.user}) is None


def test_other_tokens_are_404(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    url = new_feed(caller)
    for path in (url[:-5] + ".xml", url.removesuffix(".xml"), "/feed/x.xml", f"/feed/{caller.user}.xml", "/feed/"):
        assert_problem(get(caller, path), 404)
    assert stranger.call("GET", "/feed").status_code == 404
    for method in ("GET", "POST", "DELETE"):
        assert_problem(requests.request(method, f"{caller.url}/feed", timeout=60), 401)


def test_newest_mp3s_are_listed(caller: Caller, shelf: Shelf) -> None:
    """At most 500 of them."""
    document = shelf.database["jobs"].find_one({"_id": shelf.done(caller.user).id})
    assert document
    shelf.database["jobs"].insert_many([document | {"_id": ObjectId(), "name": f"{n}.mp4"} for n in range(500)])
    titles = [title for title, _ in episodes(get(caller, new_feed(caller)))]
    assert titles == [str(number) for number in range(499, -1, -1)]


def chapters_of(caller: Caller, mp3: bytes, shelf: Shelf) -> requests.Response:
    """Return the chapters of an MP3, from where the feed says that they are."""
    shelf.done(caller.user, mp3)
    root = ET.fromstring(get(caller, new_feed(caller)).content)
    element = next(root.iter("{https://podcastindex.org/namespace/1.0}chapters"))
    assert element.get("type") == "application/json+chapters"
    return get(caller, element.get("url", ""))


def test_feed_leads_to_the_chapters(caller: Caller, shelf: Shelf) -> None:
    """They are those of the MP3 itself, behind a cover of any size."""
    tag = Tag({"TIT2": "film"}, cover=b"\xff\xd8\xff" + bytes(4_000_000), chapters=CHAPTERS).bytes()
    answer = chapters_of(caller, tag + MP3, shelf)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json+chapters"
    assert answer.json() == {
        "version": "1.2.0",
        "chapters": [
            {"startTime": 0.0, "endTime": 1.5, "title": "Eins"},
            {"startTime": 1.5, "endTime": 9.0},
            {"startTime": 9.0, "endTime": 60.0, "title": "Drei ♫"},
        ],
    }


@pytest.mark.parametrize(
    "tag", [b"", Tag({"TIT2": "film"}).bytes(), b"ID3\3\0\0\x7f\x7f\x7f\x7f", b"ID3\3\0\0\0\0\0\x20CHAP", b"ID3"]
)
def test_mp3_without_chapters_has_none(caller: Caller, shelf: Shelf, tag: bytes) -> None:
    """404: no tag, one without chapters, one that is damaged, and one that says it had 256 MiB."""
    assert_problem(chapters_of(caller, tag + MP3, shelf), 404)


def test_chapters_end_with_their_link(caller: Caller, shelf: Shelf) -> None:
    """A forged link has none, and a link whose job was deleted."""
    job = shelf.done(caller.user, Tag(chapters=CHAPTERS).bytes() + MP3)
    link = caller.call("POST", f"/jobs/{job.id}/link").json()["url"]
    assert get(caller, f"{link}/chapters").status_code == 200
    assert without_ids(get(caller, f"{link[:-4]}/chapters"))[0] == 404
    caller.call("DELETE", f"/jobs/{job.id}")
    assert_problem(get(caller, f"{link}/chapters"), 410)


def test_token_of_a_feed_is_in_no_log(caller: Caller, shelf: Shelf, supervisor: Supervisor) -> None:
    shelf.done(caller.user)
    url = new_feed(caller)
    ((_, enclosure),) = episodes(get(caller, url))
    get(caller, f"{enclosure}/chapters")

    def logged() -> str:
        return "".join(file.read_text() for file in Path(supervisor.log).glob("download-*"))

    eventually(lambda: "GET /feed/*" in logged() and "GET /d/*/chapters" in logged(), 10, "the audit lines")
    for secret in (url, enclosure):
        assert urlsplit(secret).path.split("/")[2].removesuffix(".xml") not in logged()
