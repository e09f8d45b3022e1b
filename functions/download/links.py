"""Signed links: whoever has one reads one MP3 without a login, until the link expires or the job is deleted."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Self

from bson import ObjectId
from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from functions.download.errors import Gone, NotFound
from functions.shared.settings import Text, Url

MIN_KEY_CHARACTERS = 32
_CONTENT = struct.Struct(
    ">12sQ"
)  # the job's id, and when the link expires, in seconds since 1970; then the feed's mark


class LinkKeys(Text):
    """The keys that sign links: a new key is put before the old one, whose links stay valid until it is removed."""

    __slots__ = ()
    kind = (
        f"one key, or a new and an old one with a space between them, each of at least {MIN_KEY_CHARACTERS} characters"
    )

    def __new__(cls, text: str) -> Self:
        keys = text.split()
        if not 1 <= len(keys) <= 2 or min(map(len, keys)) < MIN_KEY_CHARACTERS:
            raise ValueError
        return super().__new__(cls, text)


@dataclass(frozen=True)
class Link:
    """A link to the MP3 of a job; `feed` is the mark of the feed that it is a part of, and ends with."""

    job: ObjectId
    feed: bytes = b""


class Links:
    """Signs with the first key, and accepts the signatures of both."""

    def __init__(self, keys: LinkKeys, public_url: Url) -> None:
        # itsdangerous signs with the last one.
        newest_last = keys.split()[::-1]
        self._signer = Signer(newest_last, salt="video2mp3.link", key_derivation="hmac", digest_method=sha256)
        self._prefix = f"{public_url.rstrip('/')}/d/"

    def url(self, link: Link, expires: datetime) -> str:
        """Return the address under which the job's MP3 can be read before `expires`, in whole seconds."""
        content = base64_encode(_CONTENT.pack(link.job.binary, int(expires.timestamp())) + link.feed)
        return self._prefix + self._signer.sign(content).decode()

    def read(self, token: str) -> Link:
        """Return the link of this token; raise NotFound if it is forged, Gone if it has expired."""
        try:
            content = base64_decode(self._signer.unsign(token))
        except BadSignature as error:  # everything that is signed was packed above
            raise NotFound("Link not found. Copy the whole link, or ask its sender for another one.") from error
        job, expires = _CONTENT.unpack_from(content)
        if datetime.now(UTC).timestamp() >= expires:
            raise Gone("The link has expired. Ask its sender for another one.")
        return Link(ObjectId(job), content[_CONTENT.size :])
