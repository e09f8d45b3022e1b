"""Signing up where a letter proves the address, and another MP3 of a video that is kept."""

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.letters import CODE, found, letter
from tests.support.stacks import RunningStack

PASSWORD = "a film for my ears"


@pytest.fixture
def address() -> str:
    return f"{uuid4().hex[:12]}@people.example"


@pytest.fixture
def waiting(newcomer: Visitor, address: str, film_clip: Path) -> Page:
    """The page of somebody who has chosen a video and signed up, and whose letter is on its way."""
    page = newcomer.open()
    page.locator("input[type=file]").set_input_files(film_clip)
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_text(f"A mail with a code is on its way to {address}.")).to_be_visible()
    return page


@pytest.fixture
def text(waiting: Page, verifying: RunningStack, address: str) -> str:
    """The letter, which was sent when the page had said so."""
    expect(waiting.get_by_role("heading", name="Confirm your address")).to_be_visible()
    return letter(verifying.mail, address, "Confirm your mail address")


def test_code_of_the_letter_signs_in_and_the_waiting_video_is_uploaded(waiting: Page, text: str) -> None:
    """A wrong code is refused and the field can be corrected; nothing is asked twice."""
    code = found(CODE, text)
    waiting.get_by_label("Code").fill(f"{(int(code) + 1) % 10**8:08}")
    waiting.get_by_role("button", name="Confirm", exact=True).click()
    expect(waiting.get_by_role("alert")).to_be_visible()
    waiting.get_by_label("Code").fill(code)
    waiting.get_by_role("button", name="Confirm", exact=True).click()
    expect(waiting.get_by_text("Ready")).to_be_visible(timeout=60_000)


def test_link_of_the_letter_opens_a_tab_and_the_first_one_goes_on(
    waiting: Page, newcomer: Visitor, text: str, address: str
) -> None:
    """The person signs in where the link has led; the tab with the waiting video notices when it is looked at."""
    other = newcomer.open("/" + found(r"(#verify=\w+)", text))
    other.get_by_role("button", name="Confirm", exact=True).click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "#verify" not in other.url
    other.get_by_label("E-mail address").fill(address)
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.get_by_role("heading", name="Your MP3s")).to_be_visible()
    waiting.evaluate("dispatchEvent(new Event('visibilitychange'))")
    expect(waiting.get_by_text("Ready")).to_be_visible(timeout=60_000)


def test_used_link_is_refused(waiting: Page, newcomer: Visitor, text: str) -> None:
    expect(waiting.get_by_label("Code")).to_be_visible()
    link = "/" + found(r"(#verify=\w+)", text)
    for heading in ("Sign in", "Confirm your address"):
        other = newcomer.open(link)
        other.get_by_role("button", name="Confirm", exact=True).click()
        expect(other.get_by_role("heading", name=heading)).to_be_visible()
    expect(other.get_by_role("alert")).to_be_visible()


def test_kept_video_is_converted_again_with_other_options(waiting: Page, text: str) -> None:
    """Its fields begin with the options of the job; no upload is needed."""
    waiting.get_by_label("Code").fill(found(CODE, text))
    waiting.get_by_role("button", name="Confirm", exact=True).click()
    expect(waiting.get_by_text("Ready")).to_be_visible(timeout=60_000)
    waiting.get_by_role("button", name="Convert again").click()
    form = waiting.get_by_role("form", name="Convert again")
    form.get_by_label("Channels").select_option("Mono")
    form.get_by_label("Quality").select_option("Speech (64 kbit/s)")
    form.get_by_role("button", name="Make another MP3").click()
    expect(waiting.locator(".job.done")).to_have_count(2, timeout=60_000)
    waiting.get_by_role("button", name="Convert again").first.click()
    expect(form.get_by_label("Channels")).to_have_value("mono")
