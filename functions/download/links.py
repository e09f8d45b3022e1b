"""Signed links: whoever has one reads one MP3 without a login, until the link expires or the job is deleted."""

import struct
from datetime import UTC, datetime
from hashlib import sha256
from typing import Self

from bson import ObjectId
from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from functions.download.errors import Gone, NotFound
from functions.shared.settings import Text, Url

MIN_KEY_CHARACTERS = 32
_CONTENT = struct.Struct(">12sQ")  # the job's id, and when the link expires, in seconds since 1970


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


class Links:
    """Signs with the first key, and accepts the signatures of both."""

    def __init__(self, keys: LinkKeys, public_url: Url) -> None:
        # itsdangerous signs with the last one.
        newest_last = keys.split()[::-1]
        self._signer = Signer(newest_last, salt="video2mp3.link", key_derivation="hmac", digest_method=sha256)
        self._prefix = f"{public_url.rstrip('/')}/d/"

    def url(self, job: ObjectId, expires: datetime) -> str:
        """Return the address under which the job's MP3 can be read before `expires`, in whole seconds."""
        content = base64_encode(_CONTENT.pack(job.binary, int(expires.timestamp())))
        return self._prefix + self._signer.sign(content).decode()

    def job(self, link: str) -> ObjectId:
        """Return the id of the job that the link is for; raise NotFound for a forged link, Gone for an expired one."""
        try:
            job, expires = _CONTENT.unpack(base64_decode(self._signer.unsign(link)))
        except BadSignature as error:  # everything that is signed was packed above
            raise NotFound("Link not found. Copy the whole link, or ask its sender for another one.") from error
        if datetime.now(UTC).timestamp() >= expires:
            raise Gone("The link has expired. Ask its sender for another one.")
        return ObjectId(job)
