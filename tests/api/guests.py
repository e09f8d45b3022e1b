"""The senders of the cases: each is a new user with an address of their own, as the gateway limits by address.

So no case reaches a limit, and none depends on what another one deleted or logged out.
"""

import hashlib
import json
from base64 import b64encode
from itertools import count
from typing import Any
from uuid import uuid4
from zlib import crc32

import requests
from schemathesis import Case, Response
from schemathesis.core.parameters import ParameterLocation

from functions.auth.errors import PasswordRefused
from functions.auth.passwords import MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS, check
from functions.shared.job.options import OPTIONS, OptionRefused, Options
from functions.shared.letters import Kind
from tests.api.contract import schema
from tests.support.auth import PASSWORD
from tests.support.people import NO_RECEIVER, Member, People
from tests.support.person import From
from tests.support.tus import metadata

BYTES = "application/octet-stream"
PART = "application/offset+octet-stream"
FORMS = {"multipart/form-data", "application/x-www-form-urlencoded"}
NO_TEXT = (dict, list, int, float, type(None))

_numbers = count()
_send = schema.transport.send


def send(case: Case[Any], **options: Any) -> Response:
    """Send the case as schemathesis does, from an unused address."""
    number = next(_numbers)
    options.pop("session", None)
    with requests.Session() as http:
        http.headers.clear()
        http.mount("http://", From(f"127.{10 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"))
        return _send(case, session=http, **options)


def credentials(case: Case[Any], guest: Member) -> dict[str, str]:
    """Return the credentials that the operation requires, of this guest."""
    wanted = {scheme for option in case.operation.definition.raw.get("security", []) for scheme in option}
    if "password" in wanted:
        login = f"{guest.account.email}:{PASSWORD}"
        return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}
    if not wanted:
        return {}
    others = [
        kind for many, kind in ((5, "cookie"), (6, "write token"), (12, "read token")) if one_in(many, case, kind)
    ]
    if case.path.startswith("/uploads") and "cookie" in others:
        others.remove("cookie")  # schemathesis tries each of these without its credentials, and leaves the cookie
    return guest.headers(others[0] if others else "JWT")


def name_own(case: Case[Any], guest: Member) -> None:
    """Insert the guest's job, MP3, its tag and password into three of four valid cases."""
    if one_in(4, case):
        return
    own = {"job": guest.job, "mp3": guest.mp3, "link": guest.expired_link if one_in(3, case) else guest.link}
    own |= {"feed": guest.feed, "upload": guest.upload}
    own |= {"session": guest.session, "token": guest.opaque["read token"].id}
    if case.path == "/download.zip" and not _negative(case, ParameterLocation.QUERY):
        case.query = {"job": [guest.job]} if one_in(2, case) else {}
    if "If-Range" in case.headers:
        case.headers["If-Range"] = f'"{guest.mp3}"'
    if "Upload-Offset" in case.headers and not _negative(case, ParameterLocation.HEADER):
        case.headers["Upload-Offset"] = "1000" if one_in(2, case) else "0"  # where an upload ends and begins
    proof = "current" if case.path == "/auth/password" else "password"
    if (
        case.path not in {"/auth/register", "/auth/reset"}
        and isinstance(case.body, dict)
        and isinstance(case.body.get(proof), str)
    ):
        case.body = {**case.body, proof: PASSWORD}
        if isinstance(case.body.get("email"), str):
            case.body["email"] = guest.account.email
    if not _negative(case, ParameterLocation.PATH):
        case.path_parameters = {name: own[name] for name in case.path_parameters}


def prove(case: Case[Any], people: People, guest: Member) -> None:
    """Insert the secret of a letter into two of three valid cases: of a new address, or for the guest's password."""
    kind = {"/auth/verify-email": Kind.VERIFY, "/auth/reset": Kind.RESET}.get(case.path)
    if kind is None or one_in(3, case) or _negative(case, ParameterLocation.BODY) or not isinstance(case.body, dict):
        return
    email = guest.account.email if kind is Kind.RESET else f"{uuid4()}@people.example"
    case.body = {**case.body, "secret": people.letter(kind, email)}


def mend(case: Case[Any]) -> None:
    """Correct what makes a valid case invalid and cannot be expressed in OpenAPI."""
    if isinstance(case.body, dict):
        guessable = {name for name in ("password", "new") if _is_guessable(case.body.get(name))}
        if guessable and case.path not in {"/auth/account", "/auth/session"}:
            case.body = {**case.body, **dict.fromkeys(guessable, PASSWORD)}
    if case.path == "/webhook" and isinstance(case.body, dict) and not _negative(case, ParameterLocation.BODY):
        # Which host is allowed depends on the name service.
        case.body = {"url": "https://localhost/" if one_in(4, case) else NO_RECEIVER}
    if case.media_type == BYTES and _negative(case, ParameterLocation.BODY):
        case.body = b""  # whatever else is not bytes is sent as some bytes
    if case.media_type in FORMS:
        case.query = {}  # a form has its name and its options in it
        if isinstance(case.body, dict):  # and texts alone
            texts = {name: json.dumps(value) for name, value in case.body.items() if isinstance(value, NO_TEXT)}
            case.body = {**case.body, **texts}
            if not _negative(case, ParameterLocation.BODY):
                case.body = _possible(case.body)
    elif case.path == "/upload" and not _negative(case, ParameterLocation.QUERY):
        # The bytes need a name, whose length counts in UTF-8.
        name = str(case.query.get("name", "film.mp4")).encode()[:255].decode(errors="ignore")
        case.query = _possible({**case.query, "name": name})
    elif case.path == "/jobs/{job}/again" and not _negative(case, ParameterLocation.QUERY):
        case.query = _possible(case.query)


def mend_upload(case: Case[Any]) -> None:
    """Do the same for a resumable upload."""
    if case.media_type == PART and _negative(case, ParameterLocation.BODY):
        case.body = bytes(1001)  # whatever is not bytes is sent as some bytes, which are more than any upload has
    if case.operation.label == "POST /uploads" and not _negative(case, ParameterLocation.HEADER):
        words = {"filename": "film.mp4"} | ({"quality": "12"} if one_in(3, case) else {})
        case.headers["Upload-Metadata"] = metadata(**words)
        case.headers["Upload-Length"] = str(1 + int(case.headers["Upload-Length"]) % 1000)  # within any quota
    if case.method == "PATCH" and "x-schemathesis-unknown-property" in case.headers:
        case.headers["Upload-Offset"] = "none"  # an unknown header makes no request invalid
    if "Upload-Checksum" in case.headers and not (case.meta and case.meta.generation.mode.is_negative):
        expected = case.body if isinstance(case.body, bytes) and one_in(2, case) else b"other bytes"
        case.headers["Upload-Checksum"] = f"sha1 {b64encode(hashlib.sha1(expected).digest()).decode()}"


def _possible(words: dict[str, Any]) -> dict[str, Any]:
    """Leave out what contradicts another option."""
    given = {name: str(value) for name, value in words.items() if name in OPTIONS}
    try:
        Options.parse(given.items())
    except OptionRefused:
        return {name: value for name, value in words.items() if name not in {"end", "sample_rate"}}
    return words


def _is_guessable(password: object) -> bool:
    """Return whether the length is right, and the password refused all the same."""
    if not isinstance(password, str) or not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        return False
    try:
        check(password, "nobody@people.example")
    except PasswordRefused:
        return True
    return False


def _negative(case: Case[Any], where: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(where)


def one_in(many: int, case: Case[Any], what: str = "") -> bool:
    """Decide by the drawn case, so that the same case is always sent in the same way."""
    return crc32(f"{many}{what} {case!r}".encode(errors="replace")) % many == 0
