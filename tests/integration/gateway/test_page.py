"""The page, as the gateway serves it to browsers."""

import gzip
import re

import pytest
import requests

from tests.integration.gateway.nginx import Gateway
from tests.support.problems import assert_problem

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
MOST_BYTES = 60_000  # compressed, with one language


def _page(gateway: Gateway) -> requests.Response:
    return requests.get(gateway.url, headers=BROWSER)


def _files(gateway: Gateway) -> list[str]:
    return sorted(set(re.findall(r'(?:src|href)="(/page/[^"]+)"', _page(gateway).text)))


def test_browser_gets_the_page_and_a_program_gets_json(gateway: Gateway) -> None:
    """By `Accept`, which caches are told; a program that accepts anything is no browser."""
    page, routes = _page(gateway), requests.get(gateway.url)
    assert page.headers["Content-Type"].startswith("text/html")
    assert routes.json()["upload"] == "POST /upload"
    for answer in (page, routes):
        assert "Accept" in answer.headers["Vary"]
        assert answer.headers["Link"] == '</openapi.json>; rel="service-desc"'
    assert requests.head(gateway.url, headers=BROWSER).headers["Content-Type"] == page.headers["Content-Type"]


def test_page_may_load_its_own_files_only(gateway: Gateway) -> None:
    """No inline script or style, nothing of others, no frames; other answers may load nothing."""
    page = _page(gateway)
    policy = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    assert policy.pop("require-trusted-types-for") == "'script'"
    assert set(policy.values()) == {"'none'", "'self'"}
    assert {policy[name] for name in ("default-src", "base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert not re.search(r"<style|style=|<script(?! type=\"module\" src=)|\son\w+=", page.text)
    assert requests.get(gateway.url).headers["Content-Security-Policy"] == (
        "default-src 'none'; frame-ancestors 'none'"
    )


def test_files_of_the_page_are_kept_for_ever_and_the_page_is_asked_for_again(gateway: Gateway) -> None:
    """Their names change with their contents; the page itself is compared by its ETag."""
    page = _page(gateway)
    assert page.headers["Cache-Control"] == "no-cache"
    unchanged = requests.get(gateway.url, headers=BROWSER | {"If-None-Match": page.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    for path in _files(gateway):
        answer = requests.get(gateway.url + path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        assert answer.headers["Content-Type"].split(";")[0] in {"text/javascript", "text/css", "image/svg+xml"}


def test_whole_page_is_small(gateway: Gateway) -> None:
    """All of it, with what is loaded later, compressed; each file arrives so."""
    folder = _files(gateway)[0].rsplit("/", 1)[0]
    paths = {"/", *_files(gateway), f"{folder}/modules/tus.js", f"{folder}/words/en.js"}
    total = 0
    for path in paths:
        with requests.get(gateway.url + path, headers=BROWSER | {"Accept-Encoding": "gzip"}, stream=True) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            body = answer.raw.read(decode_content=False)
            assert gzip.decompress(body)
            total += len(body)
    assert total < MOST_BYTES


@pytest.mark.parametrize(
    "path", ["/index.html", "/page/", "/page/nothing.js", "/page/../nginx.conf", "/page/%2e%2e/nginx.conf"]
)
def test_nothing_else_is_served(gateway: Gateway, path: str) -> None:
    """A missing file is a problem that nobody keeps; no path leads out of the page's folder."""
    with requests.Session() as http:
        request = requests.Request("GET", gateway.url).prepare()
        request.url = gateway.url + path
        answer = http.send(request)
    assert_problem(answer, 404)
    assert "Cache-Control" not in answer.headers
