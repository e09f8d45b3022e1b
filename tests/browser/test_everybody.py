"""The page for everybody: by keyboard, with a screen reader, on a phone, in the dark."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.support.person import Person

PHONE: Any = {"width": 320, "height": 640}


def _findings(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{it['id']}: {it['nodes'][0]['html']}" for it in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_door_has_no_finding(visitor: Visitor, scheme: Any) -> None:
    """axe finds nothing on its views, in both colour schemes."""
    page = visitor.open()
    page.emulate_media(color_scheme=scheme)
    views = {}
    for name in ("Have an account? Sign in", "Forgot your password?"):
        views[name] = _findings(page)
        page.get_by_role("button", name=name).click()
    views["forgot"] = _findings(page)
    assert {view: found for view, found in views.items() if found} == {}


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "de")])
def test_no_view_has_a_finding(page: Page, person: Person, film_clip: Path, scheme: Any, language: str) -> None:
    """axe finds nothing on any view, in both colour schemes and languages."""
    page.emulate_media(color_scheme=scheme)
    views = {}
    person.upload(film_clip)
    person.finished(person.upload(Path(__file__), "notes.mp4"))
    page.get_by_label("Language").select_option(language)
    page.reload()
    expect(page.locator(".job")).to_have_count(2)
    page.locator("summary").click()
    views["jobs"] = _findings(page)
    page.evaluate("location.hash = 'account'")
    expect(page.locator(".account form")).to_have_count(5)
    views["account"] = _findings(page)
    assert {view: found for view, found in views.items() if found} == {}


@pytest.mark.parametrize("path", ["/", "/#account"])
def test_page_fits_a_phone(page: Page, visitor: Visitor, person: Person, film_clip: Path, path: str) -> None:
    """Nothing is wider than 320 pixels, whatever the name of a video."""
    person.upload(film_clip, "averyverylongnamewithoutanyspacewhichhastobebrokensomewhere" * 3 + ".mp4")
    page.set_viewport_size(PHONE)
    page.goto(visitor.url + path)
    page.reload()
    expect(page.locator("h2").last).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_keyboard_suffices(visitor: Visitor, person: Person) -> None:
    """From the first key on: sign in without a pointer, focus always visible."""
    page = visitor.open()
    page.get_by_role("button", name="Have an account? Sign in").focus()
    page.keyboard.press("Enter")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(person.address)
    page.keyboard.press("Tab")
    page.keyboard.type(person.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your MP3s")).to_be_visible()
    seen = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        focus = "it => it.tagName + (it.innerText || it.ariaLabel || it.id) + getComputedStyle(it).outlineStyle"
        seen.add(page.evaluate(f"({focus})(document.activeElement)"))
    assert any("Choose videos" in name for name in seen)
    assert any("Sign out" in name for name in seen)
    assert not [name for name in seen if name.endswith("none") and not name.startswith("BODY")]


def test_focus_is_not_lost_with_a_row(page: Page, person: Person, film_clip: Path) -> None:
    """It goes to the undo of a deletion, and then to the list's heading."""
    person.upload(film_clip)
    page.reload()
    page.get_by_role("button", name="Delete:").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your MP3s")).to_be_focused()
    expect(page.get_by_role("button", name="Delete:")).to_be_visible()
