"""Signing up, in and out, in a browser."""

import requests
from playwright.sync_api import Route, expect

from tests.browser.conftest import Visitor
from tests.browser.letters import CODE, found, letter
from tests.support.person import Person


def test_visitor_creates_an_account_and_is_signed_in(visitor: Visitor) -> None:
    """Also after a reload; signing out shows the door again."""
    page = visitor.open()
    page.get_by_label("E-mail address").fill("first.visit@people.example")
    page.get_by_label("New password").fill("a film for my ears")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_text("No MP3s yet.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("No MP3s yet.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()


def test_wrong_password_is_told_and_the_address_stays(visitor: Visitor, person: Person) -> None:
    page = visitor.open()
    page.get_by_role("button", name="Have an account? Sign in").click()
    page.get_by_label("E-mail address").fill(person.address)
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The address or the password is wrong")
    expect(page.get_by_label("E-mail address")).to_have_value(person.address)


def test_session_that_ends_elsewhere_shows_the_door(visitor: Visitor, person: Person) -> None:
    """A changed password ends all sessions; the page notices it at its next request."""
    page = visitor.open()
    visitor.sign_in(page, person)
    answer = person.call("POST", "/auth/password", json={"current": person.password, "new": "another good passphrase"})
    assert answer.status_code == 204
    page.get_by_role("link", name="Account", exact=True).click()
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()


def test_page_speaks_the_readers_language(visitor: Visitor) -> None:
    """The choice outlives a reload, and assistive technology is told."""
    page = visitor.open()
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("heading", name="Konto anlegen")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Konto anlegen")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"


def test_start_of_a_function_is_told(visitor: Visitor) -> None:
    """A slow first answer is no hang: the page says that the service wakes up."""
    page = visitor.context.new_page()

    def slowly(route: Route) -> None:
        page.wait_for_timeout(2500)
        route.continue_()

    page.route("**/auth/session", slowly)
    page.goto(visitor.url)
    expect(page.get_by_text("Waking up…")).to_be_visible()
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    expect(page.get_by_text("Waking up…")).to_be_hidden()


def test_forgotten_password_is_set_by_the_link_or_the_code_of_a_letter(visitor: Visitor, person: Person) -> None:
    """The page that asked takes the code; the link opens a page of its own."""
    page = visitor.open()
    for proof, password in (("code", "another good passphrase"), ("link", "one more good passphrase")):
        page.get_by_role("button", name="Have an account? Sign in").click()
        page.get_by_role("button", name="Forgot your password?").click()
        page.get_by_label("E-mail address").fill(person.address)
        page.get_by_role("button", name="Send the mail").click()
        text = letter(person.mail, person.address, "Set a new password")
        if proof == "code":
            page.get_by_label("Code").fill(found(CODE, text))
        else:
            page = visitor.open("/" + found(r"(#reset=\w+)", text))
        page.get_by_role("textbox", name="New password").fill(password)
        page.get_by_role("button", name="Set the password").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto(visitor.url)
        page.reload()
    assert requests.post(f"{visitor.url}/auth/login", auth=(person.address, password)).status_code == 200
