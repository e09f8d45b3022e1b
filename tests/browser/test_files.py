"""Uploads that go on after a reload, or in a new browser, without choosing the file again: File System Access API.

The files are those of the origin's private file system: handles as those of a picker, which no test can use.
"""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from scripts.local.servers import find
from tests.browser.conftest import Visitor, under_slow_network
from tests.browser.uploading import SLOW, created_uploads, offsets, under_way
from tests.support.person import Person
from tests.support.stacks import RunningStack

PICKER = """
globalThis.showOpenFilePicker = async () => {
    const folder = await navigator.storage.getDirectory()
    return [await folder.getFileHandle('film.mp4')]
}
"""
ASKING = """
FileSystemHandle.prototype.queryPermission = async () => 'prompt'
FileSystemHandle.prototype.requestPermission = async () => %r
"""
FILE = """async (bytes) => {
    const folder = await navigator.storage.getDirectory()
    const writer = await (await folder.getFileHandle('film.mp4', { create: true })).createWritable()
    await writer.write(Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0)))
    await writer.close()
}"""


def begin(page: Page, film: Path) -> None:
    """Choose the film by the picker and wait until some of it is sent."""
    page.evaluate(FILE, b64encode(film.read_bytes()).decode())
    page.evaluate(PICKER)
    under_slow_network(page, SLOW)
    page.get_by_role("button", name="Choose videos").click()
    under_way(page)


@contextmanager
def going_on(page: Page) -> Iterator[None]:
    """Expect that what happens in the block lets the upload go on where it was."""
    created, sent = created_uploads(page), offsets(page)
    yield
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)
    assert created == []
    assert 0 not in sent


def reload(page: Page) -> None:
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()


def test_upload_goes_on_by_itself_after_a_reload(page: Page, film_clip: Path) -> None:
    begin(page, film_clip)
    with going_on(page):
        reload(page)


@pytest.mark.parametrize("answer", ["granted", "denied"])
def test_browser_that_asks_for_permission_gets_a_click(page: Page, film_clip: Path, answer: str) -> None:
    """The name is shown with a button; whoever refuses the permission may choose the file."""
    begin(page, film_clip)
    page.add_init_script(PICKER + ASKING % answer)
    reload(page)
    expect(page.get_by_text("Interrupted. The service has kept what it has received.")).to_be_visible()
    with going_on(page):
        page.get_by_role("button", name="Resume").click()
    expect(page.locator(".uploads li")).to_have_count(0)


def test_upload_goes_on_in_a_new_browser(
    playwright: Playwright, stack: RunningStack, person: Person, film_clip: Path, tmp_path: Path
) -> None:
    """The first one is closed in mid-way; the second one has the same profile."""
    for begins in (True, False):
        context = playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=find("chromium"), args=["--no-sandbox"], locale="en-GB"
        )
        visitor = Visitor(context, stack.url)
        if begins:
            visitor.keep_signed_in(person)
            begin(visitor.open(), film_clip)
        else:
            page = context.new_page()
            with going_on(page):
                page.goto(stack.url)
        context.close()
        assert visitor.errors == []
