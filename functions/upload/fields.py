"""A form of options alone: multipart/form-data or application/x-www-form-urlencoded."""

from io import BytesIO
from urllib.parse import parse_qsl

from werkzeug.formparser import MultiPartParser

from functions.upload.body import Body
from functions.upload.errors import MalformedForm

MAX_FIELDS_BYTES = 64 * 1024  # as at the gateway, and enough for every option at its longest
MULTIPART, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"


def read(body: Body, mimetype: str, boundary: str) -> list[tuple[str, str]]:
    """Return the form's fields, none for an empty body. Raises MalformedForm, and what `Body` raises."""
    with body:
        data = b"".join(iter(lambda: body.read(MAX_FIELDS_BYTES + 1), b""))
    if not data:
        return []
    try:
        if mimetype == MULTIPART:
            return _multipart(data, boundary)
        if mimetype == URLENCODED:
            return parse_qsl(data.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise _malformed("is malformed") from error
    raise _malformed("is not a form")


def _multipart(data: bytes, boundary: str) -> list[tuple[str, str]]:
    fields, files = MultiPartParser().parse(BytesIO(data), boundary.encode("ascii"), len(data))
    if files:
        raise _malformed("has a file")
    return [*fields.items(multi=True)]


def _malformed(fault: str) -> MalformedForm:
    return MalformedForm(f"The body {fault}. Send nothing but options, as `curl -F quality=128k` does.")
