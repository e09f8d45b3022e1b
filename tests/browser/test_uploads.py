"""Uploads by the page: many, slow, cut off, and under the nose of a session that ends."""

from base64 import b64encode
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitor, under_slow_network
from tests.browser.uploading import SLOW, choose, created_uploads, offsets, under_way
from tests.support.person import Person
from tests.support.stacks import RunningStack


def test_video_waits_until_its_person_has_signed_up(visitor: Visitor, film_clip: Path) -> None:
    """The first visit: the drop area works before anything else, and the MP3 is ready at the end."""
    page = visitor.open()
    choose(page, film_clip)
    expect(page.get_by_text("Your video waits here until you sign in.")).to_be_visible()
    page.get_by_label("E-mail address").fill("first.video@people.example")
    page.get_by_label("New password").fill("a film for my ears")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    expect(page.locator(".uploads li")).to_have_count(0)


def test_dropped_videos_become_mp3s(page: Page, film_clip: Path) -> None:
    """Several at once, each with its name."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/uploads")):
        page.evaluate(
            """async (bytes) => {
                const transfer = new DataTransfer()
                for (const name of ['one.mp4', 'two.mp4', 'three.mp4', 'four.mp4'])
                    transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name))
                dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }))
            }""",
            _base64(film_clip),
        )
    expect(page.locator(".job.done")).to_have_count(4, timeout=60_000)


def _folder(tmp_path: Path, film: Path) -> Path:
    """A folder with two videos, one of them below another folder, and what is found beside videos."""
    folder = tmp_path / "holidays"
    for name in ("one.mp4", "day two/two.MKV", ".hidden.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(film.read_bytes())
    for name in ("day two/cover.jpg", "notes.txt", "Thumbs.db"):
        (folder / name).write_text("no video")
    return folder


def _drop(page: Page, path: Path) -> None:
    """Drop a file or folder of the disk, as a file manager does."""
    chromium = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        chromium.send("Input.dispatchDragEvent", {"type": kind, "x": 100, "y": 200, "data": data})


def test_dropped_folder_gives_its_videos_alone(page: Page, film_clip: Path, tmp_path: Path) -> None:
    _drop(page, _folder(tmp_path, film_clip))
    expect(page.locator(".job.done")).to_have_count(2, timeout=60_000)
    expect(page.locator(".job")).to_have_count(2)
    assert sorted(page.locator(".job .name").all_inner_texts()) == ["one.mp4", "two.MKV"]


def test_folder_is_chosen_by_its_button(page: Page, film_clip: Path, tmp_path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(_folder(tmp_path, film_clip))
    expect(page.locator(".job.done")).to_have_count(2, timeout=60_000)
    expect(page.locator(".job")).to_have_count(2)


def test_folder_without_videos_is_told(page: Page, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no video")
    _drop(page, tmp_path)
    expect(page.get_by_text("There are no videos in it.")).to_be_visible()
    expect(page.locator(".uploads li")).to_have_count(0)


def test_options_go_with_the_upload_and_are_remembered(page: Page, person: Person, film_clip: Path) -> None:
    page.locator("summary").click()
    page.get_by_label("Quality").select_option("Speech (64 kbit/s)")
    page.get_by_label("Channels").select_option("Mono")
    page.get_by_label("From", exact=True).fill("1:75")
    page.get_by_label("From", exact=True).blur()
    page.get_by_label("From", exact=True).fill("0:01")
    page.get_by_label("From", exact=True).blur()
    page.get_by_label("Comment").fill("for the train")
    page.get_by_label("Cover").uncheck()
    choose(page, film_clip)
    expect(page.locator(".job")).to_have_count(1)
    (job,) = person.call("GET", "/jobs").json()["jobs"]
    assert job["options"] == {
        "quality": "64k",
        "channels": "mono",
        "start": "1",
        "comment": "for the train",
        "keep": "tags,chapters",
    }
    page.reload()
    page.locator("summary").click()
    expect(page.get_by_label("Channels")).to_have_value("mono")


def test_nothing_of_the_video_is_kept_if_nothing_is_ticked(page: Page, person: Person, film_clip: Path) -> None:
    page.locator("summary").click()
    for part in ("Tags", "Cover", "Chapters"):
        page.get_by_label(part, exact=True).uncheck()
    choose(page, film_clip)
    expect(page.locator(".job")).to_have_count(1)
    (job,) = person.call("GET", "/jobs").json()["jobs"]
    assert job["options"] == {"keep": ""}


def test_upload_goes_on_after_a_reload(page: Page, film_clip: Path) -> None:
    """The person chooses the file again, and nothing is sent twice."""
    under_slow_network(page, SLOW)
    choose(page, film_clip)
    under_way(page)
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_text("Interrupted. The service has kept what it has received.")).to_be_visible()
    sent = offsets(page)
    choose(page, film_clip)
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    assert len(sent) == 1
    assert sent[0] > 0


def test_upload_begins_when_the_network_is_back(page: Page, film_clip: Path) -> None:
    page.context.set_offline(True)
    choose(page, film_clip)
    expect(page.get_by_text("Interrupted, goes on by itself")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)


def test_upload_goes_on_after_a_lost_connection(page: Page, stack: RunningStack, film_clip: Path) -> None:
    """The gateway is killed in mid-way. What the service has received is not sent again."""
    under_slow_network(page, SLOW)
    created, sent = created_uploads(page), offsets(page)
    choose(page, film_clip)
    under_way(page)
    stack.kill("gateway")
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    assert len(created) == 1
    assert sent[0] == 0
    assert sent[-1] > 0


@pytest.mark.parametrize(("method", "status"), [("HEAD", 429), ("HEAD", 503), ("PATCH", 409), ("PATCH", 503)])
def test_refusal_in_mid_way_costs_nothing_of_an_upload(page: Page, film_clip: Path, method: str, status: int) -> None:
    """Not even a 409: Chromium sends a request again by itself if the connection is lost, then from a stale offset."""
    under_slow_network(page, SLOW)
    choose(page, film_clip)
    under_way(page)
    page.get_by_role("button", name="Pause").click()
    refusals = iter([status])

    def refuse(route: Route) -> None:
        if route.request.method == method and (refusal := next(refusals, None)):
            route.fulfill(status=refusal, headers={"Retry-After": "1"})
        else:
            route.continue_()

    created, sent = created_uploads(page), offsets(page)
    page.route("**/uploads/*", refuse)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Interrupted, goes on by itself")).to_be_visible()
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    assert created == []
    assert 0 not in sent


def test_upload_is_paused_and_resumed(page: Page, film_clip: Path) -> None:
    under_slow_network(page, SLOW)
    choose(page, film_clip)
    under_way(page)
    sent = offsets(page)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused")).to_be_visible()
    assert sent == []
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    assert sent[-1] > 0


@pytest.mark.parametrize("paused", [False, True], ids=["under way", "paused"])
def test_cancelled_upload_is_deleted(page: Page, person: Person, film_clip: Path, paused: bool) -> None:  # noqa: FBT001
    under_slow_network(page, SLOW)
    with page.expect_response("**/uploads") as created:
        choose(page, film_clip)
    under_way(page)
    if paused:
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("Paused")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".uploads li")).to_have_count(0)
    upload = created.value.headers["location"]
    assert person.call("HEAD", upload, headers={"Tus-Resumable": "1.0.0"}).status_code == 404


def test_upload_waits_for_its_module(visitor: Visitor, person: Person, film_clip: Path) -> None:
    """The network was away when the page has asked for it."""

    def lose(page: Page) -> None:
        page.route("**/tus.js", lambda route: route.abort(), times=1)

    visitor.keep_signed_in(person)
    page = visitor.open(prepare=lose)
    choose(page, film_clip)
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)


def test_busy_service_is_waited_for(page: Page, film_clip: Path) -> None:
    """After 429 the upload goes on by itself, after the time that the service has named; it says why."""
    refusals = iter([429, 503])

    def refuse(route: Route) -> None:
        if route.request.method == "POST" and (status := next(refusals, None)):
            detail = "Quota of 100 uploads per hour exceeded."
            route.fulfill(status=status, headers={"Retry-After": "1"}, json={"detail": detail})
        else:
            route.continue_()

    page.route("**/uploads", refuse)
    choose(page, film_clip)
    expect(page.get_by_role("alert")).to_have_text("Quota of 100 uploads per hour exceeded. Try again in 1 second.")
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    assert next(refusals, None) is None


def test_refused_upload_says_why(page: Page, film_clip: Path) -> None:
    """It is not tried again by itself."""
    answer = '{"title": "Insufficient Storage", "status": 507, "detail": "The service has no space left."}'
    page.route("**/uploads", lambda route: route.fulfill(status=507, body=answer))
    choose(page, film_clip)
    expect(page.get_by_role("alert")).to_have_text("The service has no space left.")
    page.unroute("**/uploads")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)


def test_upload_outlives_its_session(page: Page, visitor: Visitor, person: Person, film_clip: Path) -> None:
    """A session that ends in mid-way shows the door; after it the upload goes on where it was."""
    under_slow_network(page, SLOW)
    choose(page, film_clip)
    under_way(page)
    assert person.call("DELETE", "/auth/sessions").status_code == 204
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    expect(page.get_by_text("Your video waits here until you sign in.")).to_be_visible()
    created, sent = created_uploads(page), offsets(page)
    visitor.sign_in(page, person)
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    assert created == []
    assert 0 not in sent


def test_same_file_in_two_tabs_becomes_one_mp3(page: Page, visitor: Visitor, person: Person, film_clip: Path) -> None:
    """The second tab waits for the first one's upload, and takes it over if that ends."""
    under_slow_network(page, SLOW)
    choose(page, film_clip)
    under_way(page)
    other = visitor.open()
    choose(other, film_clip)
    for tab in (page, other):
        expect(tab.locator(".job.done")).to_have_count(1, timeout=60_000)
    expect(other.locator(".uploads li")).to_have_count(0, timeout=60_000)
    assert len(person.call("GET", "/jobs").json()["jobs"]) == 1


def _base64(path: Path) -> str:
    return b64encode(path.read_bytes()).decode()
