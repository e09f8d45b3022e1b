import struct
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from itsdangerous.encoding import base64_decode, base64_encode

from functions.download.errors import Gone, NotFound
from functions.download.links import Link, LinkKeys, Links
from functions.shared.settings import Url

OLD, NEW, OTHER = "old" * 12, "new" * 12, "other" * 7
URL = Url("https://video2mp3.example/")
SOON = datetime.now(UTC) + timedelta(hours=1)


def links(*keys: str) -> Links:
    return Links(LinkKeys(" ".join(keys)), URL)


def token(url: str) -> str:
    return url.removeprefix("https://video2mp3.example/d/")


def test_link_leads_to_its_job() -> None:
    """It is an absolute URL of the gateway, short enough for a mail."""
    job = ObjectId()
    url = links(NEW).url(Link(job), SOON)
    assert url.startswith("https://video2mp3.example/d/")
    assert len(token(url)) < 80
    assert links(NEW).read(token(url)) == Link(job)


def test_token_has_job_and_expiry_only() -> None:
    job = ObjectId()
    content = base64_decode(token(links(NEW).url(Link(job), SOON)).split(".")[0])
    assert content == job.binary + struct.pack(">Q", int(SOON.timestamp()))


def test_keys_can_be_rotated() -> None:
    """A new key signs and the old one still counts; once it is removed, its links are forged ones."""
    job = ObjectId()
    old, new = token(links(OLD).url(Link(job), SOON)), token(links(NEW, OLD).url(Link(job), SOON))
    assert links(NEW, OLD).read(old) == Link(job)
    assert links(NEW).read(new) == Link(job)
    with pytest.raises(NotFound):
        links(NEW).read(old)


def test_expired_link_is_gone() -> None:
    """From the very second on that it names."""
    with pytest.raises(Gone):
        links(NEW).read(token(links(NEW).url(Link(ObjectId()), datetime.now(UTC))))


def test_expired_link_of_another_key_is_not_found() -> None:
    with pytest.raises(NotFound):
        links(NEW).read(token(links(OTHER).url(Link(ObjectId()), datetime.now(UTC))))


@pytest.mark.parametrize("forged", ["", ".", "a.b", "ä.ä", "a" * 200, "a" * 40 + "." + "b" * 43, "%00.%00"])
def test_other_texts_are_not_found(forged: str) -> None:
    with pytest.raises(NotFound):
        links(NEW).read(forged)


def test_changed_token_is_not_found() -> None:
    """A later expiry, another job, and any other byte of the content."""
    content, signature = token(links(NEW).url(Link(ObjectId()), SOON)).split(".")
    for place, byte in enumerate(plain := base64_decode(content)):
        changed = plain[:place] + bytes([byte ^ 1]) + plain[place + 1 :]
        with pytest.raises(NotFound):
            links(NEW).read(f"{base64_encode(changed).decode()}.{signature}")


@pytest.mark.parametrize("text", ["", "short", f"{NEW} short", f"{NEW} {OLD} {OTHER}", " "])
def test_malformed_keys_are_refused(text: str) -> None:
    """One or two keys, of 32 characters or more."""
    with pytest.raises(ValueError, match=r"^$"):
        LinkKeys(text)
