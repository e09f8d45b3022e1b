"""`make screenshots`: takes the pictures of docs/images, on the whole system."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page, expect, sync_playwright

from scripts.local.servers import LOCAL, find
from scripts.local.stack import Stack
from scripts.local.supervision import REPOSITORY
from tests.browser.conftest import Visitor, under_slow_network
from tests.support.person import Person
from tests.support.stacks import RunningStack

FOLDER = REPOSITORY / "docs/images"
FILM = LOCAL / "media/bigbuckbunny.mp4"
LARGE: Any = {"width": 860, "height": 640}
PHONE: Any = {"width": 360, "height": 640}
NAMES = ("Big Buck Bunny.mp4", "Lecture 3: Queues.mkv", "Grandma's birthday.mov")


def _take(page: Page, view: str) -> None:
    """Take the view's three pictures: light, dark, and on a phone."""
    looks: list[tuple[str, Literal["dark", "light"], Any]] = [
        ("dark", "dark", LARGE),
        ("phone", "light", PHONE),
        ("light", "light", LARGE),
    ]
    for look, scheme, size in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        page.screenshot(path=FOLDER / f"{view}-{look}.png", animations="disabled")


def _views(page: Page, person: Person, folder: Path) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    _take(page, "first-visit")
    page.get_by_role("button", name="Have an account? Sign in").click()
    page.get_by_label("E-mail address").fill(person.address)
    page.get_by_label("Password", exact=True).fill(person.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".job.done")).to_have_count(len(NAMES))
    large = folder / "Holiday film.mp4"
    large.write_bytes(FILM.read_bytes() + bytes(4_000_000))
    under_slow_network(page, 400_000)
    page.locator("input[type=file]").set_input_files(large)
    page.wait_for_timeout(4000)
    _take(page, "mp3s")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Options of the MP3").click()
    _take(page, "options")
    page.get_by_role("link", name="Account", exact=True).click()
    expect(page.get_by_role("heading", name="Podcast feed")).to_be_visible()
    page.wait_for_timeout(1000)
    _take(page, "account")


def main() -> None:
    folder = LOCAL / "screenshots"
    stack = Stack(folder / "stack", folder / "stack/mail", 8081)
    stack.start(lambda part: print(f"  starting {part}"))
    try:
        running = RunningStack(stack)
        person = Person(running.url, running.mail)
        for name in NAMES:
            person.finished(person.upload(FILM, name))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find("chromium"), args=["--no-sandbox"])
            context = browser.new_context(viewport=LARGE, locale="en-GB")
            _views(Visitor(context, running.url).open(), person, folder)
            browser.close()
    finally:
        stack.stop()


if __name__ == "__main__":
    main()
