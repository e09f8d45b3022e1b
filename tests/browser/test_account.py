"""The account's view: password, sessions, tokens, feed, deletion."""

import requests
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitor
from tests.support.person import Person


def _account(page: Page) -> None:
    page.get_by_role("link", name="Account", exact=True).click()
    expect(page.get_by_role("heading", name="Account", exact=True)).to_be_visible()


def test_remembered_options_are_shown_and_reset(page: Page) -> None:
    """They are those of the next upload."""
    page.locator("summary").click()
    page.get_by_label("Channels").select_option("Mono")
    _account(page)
    expect(page.get_by_label("Channels")).to_have_value("mono")
    page.get_by_label("Loudness").select_option("Podcast (-16 LUFS)")
    page.get_by_role("button", name="Reset the options").click()
    expect(page.get_by_label("Loudness")).to_have_value("")
    page.get_by_role("link", name="Your MP3s").click()
    expect(page.locator("summary")).to_have_text("Options of the MP3")


def test_password_is_changed_and_the_page_stays_signed_in(page: Page, visitor: Visitor, person: Person) -> None:
    _account(page)
    form = page.get_by_role("form", name="Password")
    form.get_by_label("Current password").fill(person.password)
    form.get_by_label("New password").fill("another good passphrase")
    form.get_by_role("button", name="Change").click()
    expect(form.get_by_label("Current password")).to_have_value("")
    page.reload()
    expect(page.get_by_role("heading", name="Account", exact=True)).to_be_visible()
    assert visitor.context.request.get(f"{visitor.url}/auth/session").status == 200


def test_token_is_shown_once_and_revoked(page: Page, visitor: Visitor) -> None:
    """The token that the page shows works until it is revoked."""
    _account(page)
    form = page.get_by_role("form", name="API tokens")
    form.get_by_label("Name").fill("backup")
    form.get_by_role("button", name="Make a token").click()
    token = page.get_by_label("Token", exact=True).input_value()
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{visitor.url}/jobs", headers=headers).status_code == 200
    page.get_by_role("button", name="Revoke: backup").click()
    expect(page.get_by_role("button", name="Revoke: backup")).to_be_hidden()
    assert requests.get(f"{visitor.url}/jobs", headers=headers).status_code == 401


def test_other_sessions_are_listed_and_ended(page: Page, visitor: Visitor, person: Person) -> None:
    _account(page)
    expect(page.get_by_text("this one")).to_be_visible()
    page.get_by_role("button", name="End all others").click()
    expect(page.get_by_role("button", name="End all others")).to_be_hidden()
    assert person.call("GET", "/jobs").status_code == 401
    assert visitor.context.request.get(f"{visitor.url}/auth/session").status == 200


def test_feed_is_made_and_revoked(page: Page) -> None:
    _account(page)
    page.get_by_role("button", name="Make a feed").click()
    url = page.get_by_role("textbox", name="Podcast feed").input_value()
    assert requests.get(url).headers["Content-Type"].startswith("application/rss+xml")
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_role("button", name="Make a feed")).to_be_visible()
    assert requests.get(url).status_code == 404


def test_account_is_deleted_with_its_password(page: Page, person: Person) -> None:
    _account(page)
    form = page.get_by_role("form", name="Delete the account")
    form.get_by_label("Password").fill("not the password")
    form.get_by_role("button", name="Delete the account").click()
    expect(form.get_by_role("alert")).to_contain_text("not the account's password")
    form.get_by_label("Password").fill(person.password)
    form.get_by_role("button", name="Delete the account").click()
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    answer = requests.post(f"{person.gateway}/auth/login", auth=(person.address, person.password))
    assert answer.status_code == 401


def test_webhook_is_set_and_a_private_address_is_refused(page: Page) -> None:
    """An address that is not allowed is refused in words; the secret is shown once."""
    _account(page)
    form = page.get_by_role("form", name="Webhook")
    form.get_by_label("URL").fill("https://127.0.0.1/hook")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_be_visible()
    form.get_by_label("URL").fill("https://example.com/hook")
    page.route("**/webhook", _accept)
    form.get_by_role("button", name="Save").click()
    assert page.get_by_label("Secret of the signatures").input_value() == "whsec_shown"


def _accept(route: Route) -> None:
    """Answer as for a target that can be resolved, which the tests' machine may not do."""
    if route.request.method == "PUT":
        route.fulfill(json={"url": "https://example.com/hook", "secret": "whsec_shown", "off": False})
    else:
        route.continue_()


def test_change_that_fails_is_told(page: Page, visitor: Visitor) -> None:
    """Whatever is deleted by a button; the visitor's fixture fails if a script has an error."""
    page.context.request.post(f"{visitor.url}/feed", headers={"Origin": visitor.url})
    tokens = {"name": "backup", "scope": "read", "expires_in_days": 1}
    page.context.request.post(f"{visitor.url}/auth/tokens", data=tokens, headers={"Origin": visitor.url})
    _account(page)
    page.route("**/*", _refuse_deletion)
    buttons = [page.get_by_label("Revoke: backup"), page.get_by_role("button", name="Revoke", exact=True)]
    for number, button in enumerate(buttons, 1):
        button.click()
        expect(page.get_by_role("alert")).to_have_count(number)
    expect(page.get_by_role("alert").last).to_have_text("Not now.")


def _refuse_deletion(route: Route) -> None:
    if route.request.method == "DELETE":
        route.fulfill(status=409, json={"detail": "Not now."})
    else:
        route.continue_()
