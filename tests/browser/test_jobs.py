"""The list of MP3s: live, played, downloaded, shared, searched and deleted."""

import subprocess
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.conftest import until
from tests.support.person import Person
from tests.support.waiting import eventually


@pytest.fixture
def film(person: Person, film_clip: Path) -> str:
    """The id of the person's MP3 of a film clip."""
    job = person.upload(film_clip)
    person.finished(job)
    return job


def test_conversion_is_followed_without_a_reload(page: Page, person: Person, film_clip: Path) -> None:
    """A job of another program appears when somebody looks again, and becomes ready by itself."""
    person.upload(film_clip)
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("0:05")).to_be_visible()


def test_late_answer_hides_no_new_job(page: Page, film_clip: Path) -> None:
    """An answer of the time before an upload arrives after its MP3 is shown."""
    late: list[tuple[Route, APIResponse]] = []
    page.route("**/jobs?*", lambda route: late.append((route, route.fetch())), times=1)
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    while not late:
        page.wait_for_timeout(50)
    page.locator("input[type=file]").set_input_files(film_clip)
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    ((route, answer),) = late
    assert answer.json()["jobs"] == []
    with page.expect_event("requestfinished", lambda request: request == route.request):
        route.fulfill(response=answer)
    page.wait_for_timeout(200)
    expect(page.get_by_text("Ready")).to_be_visible()


def test_failed_conversion_says_what_to_try(page: Page, person: Person, tmp_path: Path) -> None:
    notes = tmp_path / "notes.mp4"
    notes.write_text("this is no video")
    person.finished(person.upload(notes))
    page.reload()
    advice = "This file is no video that can be read. Upload an MP4, MOV, MKV, WebM or AVI file."
    expect(page.get_by_text(advice)).to_be_visible()


@pytest.mark.usefixtures("film")
def test_mp3_is_played_in_place(page: Page) -> None:
    """Its length is known, so it can be seeked in."""
    page.get_by_role("button", name="Play").click()
    player = page.locator("audio")
    until(page, "document.querySelector('audio').duration > 5")
    player.evaluate("it => { it.currentTime = 4 }")
    until(page, "document.querySelector('audio').currentTime >= 4")


def test_chapters_are_places_to_go_to(page: Page, person: Person, film_clip: Path, tmp_path: Path) -> None:
    marks = ";FFMETADATA1\n" + "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={start + 2000}\ntitle={title}\n"
        for start, title in ((0, "The hare"), (2000, "The butterfly"))
    )
    (tmp_path / "marks").write_text(marks)
    film = tmp_path / "film.mp4"
    inputs = ["-i", str(film_clip), "-i", str(tmp_path / "marks")]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, "-map_chapters", "1", "-c", "copy", str(film)], check=True)
    person.finished(person.upload(film))
    page.reload()
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="0:02 The butterfly").click()
    until(page, "document.querySelector('audio').currentTime >= 2")


@pytest.mark.usefixtures("film")
def test_mp3_is_downloaded_under_its_videos_name(page: Page, film_clip: Path) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name=f"Download: {film_clip.name}").click()
    assert download.value.suggested_filename == f"{film_clip.stem}.mp3"


def test_selected_mp3s_are_downloaded_as_one_archive(page: Page, person: Person, film_clip: Path) -> None:
    for job in [person.upload(film_clip, f"{name}.mp4") for name in ("one", "two", "three")]:
        person.finished(job)
    page.reload()
    for name in ("one.mp4", "two.mp4"):
        page.get_by_label(f"Select: {name}").check()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download 2 as ZIP").click()
    assert sorted(zipfile.ZipFile(download.value.path()).namelist()) == ["one.mp3", "two.mp3"]


@pytest.mark.usefixtures("film")
def test_link_is_copied_and_needs_no_login(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    url = page.get_by_role("textbox", name="Link:").input_value()
    assert page.evaluate("navigator.clipboard.readText()") == url
    stranger = page.context.browser
    assert stranger is not None
    answer = stranger.new_context().request.get(url)
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/mpeg")


def test_deletion_can_be_undone(film: str, page: Page, person: Person) -> None:
    """The MP3 is gone from the list at once, from the service some seconds later; undo keeps it."""
    page.get_by_role("button", name="Delete:").click()
    expect(page.get_by_role("button", name="Play")).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert person.job(film)["state"] == "done"
    page.get_by_role("button", name="Delete:").click()
    expect(page.get_by_text("No MP3s yet.")).to_be_visible()
    assert person.call("GET", f"/jobs/{film}").status_code == 404


def test_deletion_is_carried_out_when_the_page_is_closed(film: str, page: Page, person: Person) -> None:
    page.get_by_role("button", name="Delete:").click()
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    eventually(lambda: person.call("GET", f"/jobs/{film}").status_code == 404, 15, "the deletion")


def test_name_is_found_among_many(page: Page, person: Person, film_clip: Path) -> None:
    """Also on pages of the list that were not read before; a right-to-left name stays in one piece."""
    for name in ("شريط قصير.mp4", "Holiday.mp4"):
        person.upload(film_clip, name)
    page.reload()
    page.get_by_placeholder("Search by name").fill("holi")
    expect(page.get_by_text("Holiday.mp4")).to_be_visible()
    expect(page.get_by_text("شريط قصير.mp4")).to_be_hidden()
    page.get_by_placeholder("Search by name").fill("nothing has this")
    expect(page.get_by_text("No name has this text.")).to_be_visible()


def test_list_names_webhook_and_feed(page: Page) -> None:
    page.get_by_role("link", name="Set up a webhook or a podcast feed").click()
    for heading in ("Webhook", "Podcast feed"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()


def test_list_is_not_asked_for_before_the_service_wants(page: Page) -> None:
    """A limit of a minute is not tried again after the longest wait of the list, 15 seconds."""
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=429, headers={"Retry-After": "60"}, json={"detail": "Quota exceeded."})

    page.route("**/jobs?*", refuse)
    page.clock.install()
    page.evaluate("dispatchEvent(new Event('online'))")
    page.clock.run_for(1000)
    expect(page.get_by_role("alert")).to_have_text("Quota exceeded. Try again in 60 seconds.")
    page.clock.run_for(30_000)
    assert len(asked) == 1
    page.clock.run_for(31_000)
    page.wait_for_timeout(200)
    assert len(asked) == 2
