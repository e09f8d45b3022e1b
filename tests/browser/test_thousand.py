"""A list of a thousand jobs: read to its end, searched, and followed without drawing all of it again."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from playwright.sync_api import Page, expect
from pymongo.database import Database

from functions.shared.mongo import Document
from tests.browser.conftest import until
from tests.support.jobs import ended_job
from tests.support.person import Person

COUNT = 1000


@pytest.fixture
def jobs(database: Database[Document], person: Person) -> list[ObjectId]:
    """Jobs that are done, "Film 0.mp4" the oldest one; nothing else works on them. Returns their ids, oldest first."""
    mail = {"mail": {"outcome": "sent", "tries": 1}}
    first = ended_job(database, owner=person.user, email=person.address, name="Film 0.mp4", deliveries=mail)
    document = database["jobs"].find_one({"_id": first}) or {}
    others = [document | {"_id": ObjectId(), "name": f"Film {number}.mp4"} for number in range(1, COUNT)]
    database["jobs"].insert_many(others)
    return [first, *(other["_id"] for other in others)]


@pytest.fixture
def whole(page: Page, jobs: list[ObjectId]) -> Page:
    """The page with the rows of all jobs, as it is after somebody has scrolled to the end."""
    assert len(jobs) == COUNT
    page.reload()
    scroll_to_the_end(page)
    return page


def scroll_to_the_end(page: Page) -> None:
    while (rows := page.locator(".job").count()) < COUNT:
        scroll = "void scrollTo(0, document.body.scrollHeight)"
        until(page, f"{scroll} || document.querySelectorAll('.job').length > {rows}")


def convert(database: Database[Document], jobs: list[ObjectId], progress: float) -> None:
    """Let jobs be under way, as far as this."""
    lease = datetime.now(UTC) + timedelta(hours=1)
    change = {"$set": {"state": "converting", "progress": progress, "lease": lease}, "$unset": {"mp3": ""}}
    database["jobs"].update_many({"_id": {"$in": jobs}}, change)


def look(page: Page) -> None:
    page.evaluate("dispatchEvent(new Event('visibilitychange'))")


def test_all_are_reached_by_scrolling(whole: Page) -> None:
    """Each once, newest first."""
    names = whole.locator(".job .name").all_text_contents()
    assert names == [f"Film {number}.mp4" for number in reversed(range(COUNT))]


def test_all_are_searched(page: Page, jobs: list[ObjectId]) -> None:
    """Those too that nobody has scrolled to."""
    page.reload()
    page.get_by_placeholder("Search by name").fill("film 7.")
    expect(page.locator(".job .name")).to_have_text(["Film 7.mp4"])
    page.get_by_placeholder("Search by name").fill("")
    page.get_by_label("Select all").click()
    expect(page.get_by_role("button", name=f"Delete {len(jobs)}")).to_be_visible()
    expect(page.get_by_role("link", name=f"Download {len(jobs)} as ZIP")).to_have_attribute("href", "/download.zip")


def test_only_the_row_that_changes_is_drawn_again(
    whole: Page, jobs: list[ObjectId], database: Database[Document]
) -> None:
    """Each row that is drawn writes its date."""
    convert(database, jobs[-1:], 0.1)
    look(whole)
    expect(whole.locator(".job .facts").first).to_contain_text("10%")
    whole.evaluate(
        """() => {
            const write = Date.prototype.toLocaleString
            globalThis.drawn = 0
            Date.prototype.toLocaleString = function (...given) {
                globalThis.drawn++
                return write.apply(this, given)
            }
        }"""
    )
    convert(database, jobs[-1:], 0.2)
    expect(whole.locator(".job .facts").first).to_contain_text("20%")
    assert whole.evaluate("drawn") == 1
    whole.get_by_label("Select: Film 998.mp4").check()
    whole.get_by_label("Select: Film 997.mp4").check()
    expect(whole.get_by_role("button", name="Delete 2")).to_be_visible()
    assert whole.evaluate("drawn") == 3


def test_old_jobs_are_followed_by_one_request(whole: Page, jobs: list[ObjectId], database: Database[Document]) -> None:
    """However many of them are under way."""
    convert(database, jobs[:200], 0.1)
    whole.reload()
    scroll_to_the_end(whole)
    asked: set[str] = set()
    whole.on("request", lambda request: asked.add(request.url))
    convert(database, jobs[:1], 0.5)
    expect(whole.locator(".job .facts").last).to_contain_text("50%")
    assert len(asked) == 2
    database["jobs"].delete_one({"_id": jobs[1]})
    expect(whole.get_by_text("Film 1.mp4", exact=True)).to_have_count(0)
    expect(whole.locator(".job")).to_have_count(COUNT - 1)
