"""A real browser, Debian's Chromium, on the whole system. Whatever the page should never do fails each test."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright
from pymongo.database import Database

from functions.shared import mongo
from functions.shared.mongo import Document
from scripts.local.ports import free_port
from scripts.local.servers import find
from scripts.local.stack import Stack
from tests.support.person import Person
from tests.support.secrecy import secrets_in
from tests.support.stacks import RunningStack

EXPECTED = re.compile(
    r"Failed to load resource: .*(401|4\d\d|5\d\d|net::)"
)  # the browser logs every answer of this kind

expect.set_options(timeout=15_000)


@dataclass
class Visitor:
    """Somebody with a browser of their own; `errors` are what it has logged, violations of the policy among it."""

    context: BrowserContext
    url: str
    errors: list[str] = field(default_factory=list)

    def open(self, path: str = "/", prepare: Callable[[Page], None] = lambda _page: None) -> Page:
        """Open the page in a new tab, which is prepared before anything is loaded."""
        page = self.context.new_page()
        prepare(page)
        page.on("console", self._log)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.url + path)
        expect(page.get_by_role("heading", name="video2mp3")).to_be_visible()
        return page

    def sign_in(self, page: Page, person: Person) -> None:
        page.get_by_role("button", name="Have an account? Sign in").click()
        page.get_by_label("E-mail address").fill(person.address)
        page.get_by_label("Password", exact=True).fill(person.password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="Your MP3s")).to_be_visible()

    def keep_signed_in(self, person: Person) -> None:
        """Give the browser a session of the person: logins of the browser's own address are limited."""
        account = {"email": person.address, "password": person.password}
        person.call("POST", "/auth/session", json=account).raise_for_status()
        secret = person.http.cookies.get("session") or ""
        tomorrow = time.time() + 24 * 3600
        self.context.add_cookies([{"name": "session", "value": secret, "url": self.url, "expires": tomorrow}])
        person.http.cookies.clear()

    def _log(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED.match(message.text):
            self.errors.append(message.text)


def under_slow_network(page: Page, bytes_a_second: int) -> None:
    """Let the page's uploads be this slow."""
    _emulate(page, {"latency": 20, "downloadThroughput": -1, "uploadThroughput": bytes_a_second})


def on_slow_3g(page: Page) -> None:
    """Let the page have 400 kbit/s and round trips of 400 ms."""
    _emulate(page, {"latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000})


def _emulate(page: Page, conditions: dict[str, int]) -> None:
    chromium = page.context.new_cdp_session(page)
    chromium.send("Network.enable")
    chromium.send("Network.emulateNetworkConditions", {"offline": False, **conditions})


def until(page: Page, expression: str) -> None:
    """Wait until the expression is true: the page's policy forbids Playwright's own way, which evaluates a text."""
    end = time.monotonic() + 15
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(50)


@contextmanager
def _visiting(chromium: Browser, stack: RunningStack) -> Iterator[Visitor]:
    context = chromium.new_context(locale="en-GB", accept_downloads=True)
    visitor = Visitor(context, stack.url)
    yield visitor
    context.close()
    assert visitor.errors == []


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    # Chromium's own sandbox needs a user namespace, which containers and root do not have.
    browser = playwright.chromium.launch(executable_path=find("chromium"), args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def verifying(state: Path) -> Iterator[RunningStack]:
    """Another system, which creates accounts by letter only, and keeps videos."""
    settings = {"REGISTRATION": "verified", "KEEP_VIDEO_HOURS": "24"}
    stack = Stack(state / "verifying", state / "verifying/mail", free_port(), settings=settings)
    stack.start(print)
    yield RunningStack(stack)
    stack.stop()
    assert secrets_in(stack.supervisor.log, stack.secrets) == []


@pytest.fixture
def visitor(chromium: Browser, stack: RunningStack) -> Iterator[Visitor]:
    with _visiting(chromium, stack) as visitor:
        yield visitor


@pytest.fixture
def newcomer(chromium: Browser, verifying: RunningStack) -> Iterator[Visitor]:
    """Somebody on the system that verifies addresses."""
    with _visiting(chromium, verifying) as visitor:
        yield visitor


@pytest.fixture
def database(stack: RunningStack) -> Database[Document]:
    """MongoDB, with an administrator's rights."""
    return mongo.database((stack.secrets / "mongodb-admin/url").read_text())


@pytest.fixture
def person(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


@pytest.fixture
def page(visitor: Visitor, person: Person) -> Page:
    """The page of a person who is signed in already."""
    visitor.keep_signed_in(person)
    page = visitor.open()
    expect(page.get_by_role("heading", name="Your MP3s")).to_be_visible()
    return page
