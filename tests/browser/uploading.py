"""An upload under way in the page, and what it sends."""

from pathlib import Path

from playwright.sync_api import Page, Request

from tests.browser.conftest import until

SLOW = 300_000  # bytes a second: the film clip takes some seconds


def choose(page: Page, *files: Path) -> None:
    page.locator("input[type=file]").set_input_files([*files])


def under_way(page: Page) -> None:
    """Wait until some of the file has been sent."""
    until(page, "document.querySelector('.uploads progress')?.value > 200000")


def offsets(page: Page) -> list[int]:
    """Return a list to which the page's uploads add the offsets that they send from."""
    seen: list[int] = []

    def look(request: Request) -> None:
        if request.method == "PATCH":
            seen.append(int(request.headers["upload-offset"]))

    page.on("request", look)
    return seen


def created_uploads(page: Page) -> list[str]:
    """Return a list to which the page adds an address whenever it begins an upload from zero."""
    seen: list[str] = []
    page.on("request", lambda it: seen.append(it.url) if (it.method, it.url[-8:]) == ("POST", "/uploads") else None)
    return seen
