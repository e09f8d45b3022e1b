"""The laptop's system with HTTPS, as `make run TLS=1` starts it."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scripts.local.ports import free_port
from scripts.local.stack import Stack
from tests.support.person import Person


@pytest.fixture
def secure(state: Path) -> Iterator[Stack]:
    stack = Stack(state / "https", state / "https/mail", free_port(), ca=state / "ca")
    stack.start(print)
    yield stack
    stack.stop()


def test_video_becomes_an_mp3_over_https(
    secure: Stack, state: Path, film_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever trusts the CA uploads and downloads; the mail links to HTTPS; others refuse the certificate."""
    ca = state / "ca/ca.crt"
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(secure.url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
    person = Person(secure.url, secure.mail)
    job = person.finished(person.upload(film_clip))
    assert job["state"] == "done"
    assert len(person.call("GET", f"/download/{job['mp3']['id']}").content) == job["mp3"]["size"]
    text = person.first_mail().get_body(("plain",))
    assert text
    assert f"{secure.url}/download/" in text.get_content()
    keys = [ca.with_suffix(".key"), secure.state / "gateway/tls/tls.key"]
    assert [stat.S_IMODE(key.stat().st_mode) for key in keys] == [0o600, 0o600]
