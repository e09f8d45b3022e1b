"""The product's site, as a browser sees it."""

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from functions.auth.site import Site
from functions.shared.settings import Url

HTTPS, HTTP = "https://video2mp3.example", "http://127.0.0.1:8080"


def request(**headers: str) -> Request:
    """Return a request with these headers, their names with _ for -."""
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request(EnvironBuilder(headers=given).get_environ())


def cookie_of(url: str) -> str:
    response = Response()
    Site(Url(url)).give(response, "s" * 43)
    return response.headers["Set-Cookie"]


def attributes_of(cookie: str) -> set[str]:
    """Return the attributes but `Expires`, which `Max-Age` precedes."""
    return {attribute for attribute in cookie.split("; ")[1:] if not attribute.startswith("Expires=")}


def test_cookie_over_https_is_secure_and_of_this_host_alone() -> None:
    """The prefix makes a browser refuse it from another host, without Secure, or for another path (RFC 6265bis)."""
    cookie = cookie_of(HTTPS)
    assert cookie.startswith(f"__Host-session={'s' * 43}; ")
    assert attributes_of(cookie) == {"Secure", "HttpOnly", "Path=/", "SameSite=Strict", "Max-Age=2592000"}


def test_cookie_over_http_is_sent_back_over_http() -> None:
    """A browser would keep no Secure cookie of a plain address other than loopback."""
    cookie = cookie_of(HTTP)
    assert cookie.startswith(f"session={'s' * 43}; ")
    assert attributes_of(cookie) == {"HttpOnly", "Path=/", "SameSite=Strict", "Max-Age=2592000"}


@pytest.mark.parametrize("url", [HTTPS, HTTP])
def test_cookie_is_read_back_under_its_own_name_only(url: str) -> None:
    """The name without the prefix could come from another host or over plain HTTP."""
    own = cookie_of(url).partition(";")[0]
    assert Site(Url(url)).secret(request(Cookie=f"a=b; {own}")) == "s" * 43
    other = cookie_of(HTTP if url == HTTPS else HTTPS).partition(";")[0]
    assert Site(Url(url)).secret(request(Cookie=other)) is None


def test_cookie_is_taken_back() -> None:
    response = Response()
    Site(Url(HTTPS)).take(response)
    assert response.headers["Set-Cookie"].startswith("__Host-session=; ")
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert "Secure" in response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, None),
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "cross-site"}, False),
        ({"Sec_Fetch_Site": "none"}, False),
        ({"Sec_Fetch_Site": ""}, False),
        ({"Sec_Fetch_Site": "cross-site", "Origin": HTTPS}, False),
        ({"Origin": HTTPS}, True),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "https://video2mp3.example.evil.example"}, False),
        ({"Origin": "https://evil.video2mp3.example"}, False),
        ({"Origin": "http://video2mp3.example"}, False),
        ({"Origin": "https://video2mp3.example:8443"}, False),
    ],
)
def test_origin_of_a_request_is_what_the_browser_says(headers: dict[str, str], own: bool | None) -> None:  # noqa: FBT001  # a parameter
    """`Sec-Fetch-Site` decides where there is one, else `Origin`."""
    assert Site(Url(HTTPS)).is_origin_of(request(**headers)) is own


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Video2MP3.example:443/", "https://video2mp3.example"),
        ("http://video2mp3.example:80", "http://video2mp3.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://video2mp3.example:80/app", "https://video2mp3.example:80"),
    ],
)
def test_origin_is_spelled_as_browsers_spell_it(url: str, origin: str) -> None:
    """In small letters, without the scheme's own port and without a path (RFC 6454, 6.2)."""
    assert Site(Url(url)).is_origin_of(request(Origin=origin)) is True
