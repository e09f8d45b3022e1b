"""The other ways in: the page, API tokens, sessions of browsers, letters, resumable uploads, links, webhooks."""

import re
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.callers import Caller
from tests.support.problems import assert_problem
from tests.support.secrecy import PASSPHRASE
from tests.support.tus import begin
from tests.support.visitors import Direct, Visitor
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(600)


def test_browser_gets_the_page_and_its_modules(gateway: str) -> None:
    """Each file that the page names is there, to be kept for ever; a program gets the routes."""
    page = requests.get(gateway, headers={"Accept": "text/html"}, timeout=60)
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    files = set(re.findall(r'(?:src|href)="(/page/[^"]+)"', page.text))
    assert files
    for path in files:
        assert "immutable" in requests.get(gateway + path, timeout=60).headers["Cache-Control"]
    assert requests.get(gateway, timeout=60).json()["upload"] == "POST /upload"


def test_token_of_a_program_works_at_the_gateway_alone(anna: Visitor, direct: Direct) -> None:
    """The gateway changes it for a JWT, which functions know; their own routes refuse it. A deleted one is refused."""
    made = anna.call("POST", "/auth/tokens", json={"name": "phone", "expires_in_days": 1, "scope": "read"}).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert anna.call("GET", "/jobs", headers=bearer).status_code == 200
    assert_problem(anna.call("DELETE", "/jobs", headers=bearer), 403)
    assert direct.call("GET", "/jobs", headers=bearer).status_code == 401
    assert anna.call("DELETE", f"/auth/tokens/{made['id']}").status_code == 204
    assert anna.call("GET", "/jobs", headers=bearer).status_code == 401


def test_browser_logs_in_with_a_cookie(anna: Visitor) -> None:
    """Its unsafe requests need a sign that they come from our own page."""
    with requests.Session() as browser:
        login = {"email": anna.address, "password": anna.password}
        ours = {"Sec-Fetch-Site": "same-origin"}
        assert browser.post(f"{anna.gateway}/auth/session", json=login, headers=ours, timeout=60).status_code == 201
        assert browser.get(f"{anna.gateway}/jobs", timeout=60).status_code == 200
        assert browser.post(f"{anna.gateway}/feed", headers={"Origin": "https://evil.example"}).status_code == 403
        assert browser.post(f"{anna.gateway}/auth/logout", headers=ours, timeout=60).status_code == 204
        assert browser.get(f"{anna.gateway}/jobs", timeout=60).status_code == 401


def test_new_password_comes_by_letter(gateway: str, mailpit: str) -> None:
    """auth writes the letter into the outbox, notify sends it, its code sets the password."""
    forgetful = Visitor(gateway, mailpit)
    assert forgetful.call("POST", "/auth/forgot", json={"email": forgetful.address}).status_code == 202
    (mail,) = eventually(forgetful.mails, 120, "the letter")
    text = mail.get_body(("plain",))
    assert text is not None
    code = re.search(r"^ +(\d{8})\s*$", text.get_content(), re.MULTILINE)
    assert code is not None
    reset = {"email": forgetful.address, "code": code[1], "password": f"{PASSPHRASE} anew"}
    assert forgetful.call("POST", "/auth/reset", json=reset).status_code == 204
    assert forgetful.call("GET", "/jobs").status_code == 401


def test_upload_goes_on_where_it_stopped(anna: Visitor, film_clip: Path) -> None:
    """A video comes in two requests; its job's link works without a login, and the job is mailed."""
    video = film_clip.read_bytes()
    half = len(video) // 2
    token = str(anna.http.headers["Authorization"]).removeprefix("Bearer ")
    upload = begin(Caller(anna.gateway, anna.user, token), len(video))
    assert upload.patch(0, video[:half]).status_code == 204
    assert upload.offset() == half
    done = upload.patch(half, video[half:])
    assert done.status_code == 204
    job = anna.finished(upload.id, 120)
    assert job["state"] == "done"
    link = urlsplit(anna.call("POST", f"/jobs/{job['id']}/link", json={"expires_in": 60}).json()["url"])
    assert len(requests.get(anna.gateway + link.path, timeout=60).content) == job["mp3"]["size"]
    eventually(partial(anna.mails_about, job["id"]), 120, "the mail")


def test_servers_of_users_are_told_and_their_failures_are_noted(berta: Visitor, silent_video: Path) -> None:
    """Both triggers of webhook deliver; an address of the cluster is refused, one that nobody has gets retries."""
    assert berta.call("PUT", "/webhook", json={"url": "https://10.0.0.1/"}).status_code == 422
    assert berta.call("PUT", "/webhook", json={"url": "https://223.255.255.254/"}).status_code == 200
    berta.finished(berta.upload(silent_video), 120)
    try:
        eventually(lambda: berta.call("GET", "/webhook").json()["failing_since"], 120, "the attempt")
    finally:
        assert berta.call("DELETE", "/webhook").status_code == 204
