"""A client of resumable uploads that does one request at a time."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import requests

from tests.support.callers import Caller
from tests.support.sending import Patching

VERSION = {"Tus-Resumable": "1.0.0"}
BYTES = VERSION | {"Content-Type": "application/offset+octet-stream"}


def metadata(**words: str) -> str:
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in words.items())


class Tus:
    """One upload of the caller, at `path`."""

    def __init__(self, caller: Caller, path: str) -> None:
        self.caller = caller
        self.path = path

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]

    def patch(self, offset: int, data: bytes, **headers: str) -> requests.Response:
        given = BYTES | {"Upload-Offset": str(offset)} | headers
        return self.caller.call("PATCH", self.path, headers=given, data=data)

    def patching(self, offset: int, length: int | None, **headers: str) -> Patching:
        """Return a PATCH whose body the test sends piece by piece."""
        return Patching(self.caller, self.path, length, BYTES | {"Upload-Offset": str(offset)} | headers)

    def head(self) -> requests.Response:
        return self.caller.call("HEAD", self.path, headers=VERSION)

    def offset(self) -> int:
        answer = self.head()
        assert answer.status_code == 200, answer.status_code
        return int(answer.headers["Upload-Offset"])

    def delete(self) -> requests.Response:
        return self.caller.call("DELETE", self.path, headers=VERSION)


def create(
    caller: Caller, length: int, data: bytes | None = None, headers: Mapping[str, str | bytes] | None = None
) -> requests.Response:
    """Create an upload of a video with a name; with `data`, send its first bytes too."""
    given: dict[str, Any] = {"Upload-Length": str(length), "Upload-Metadata": metadata(filename="clip.mp4")}
    given |= VERSION | (BYTES if data is not None else {}) | dict(headers or {})
    return caller.call("POST", "/uploads", headers=given, data=data)


def begin(caller: Caller, length: int, headers: Mapping[str, str | bytes] | None = None) -> Tus:
    """Return a new upload of so many bytes."""
    answer = create(caller, length, headers=headers)
    assert answer.status_code == 201, answer.text
    return Tus(caller, answer.headers["Location"])
