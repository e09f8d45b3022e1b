from collections.abc import Iterator

import pytest
import requests

from functions.upload.sources import MAX_FORM_OVERHEAD_BYTES
from functions.upload.video import MAX_VIDEO_BYTES
from scripts.local.secrets import Secrets
from scripts.local.supervision import Supervisor
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.problems import assert_problem
from tests.support.processes import memory, peak_memory, worker
from tests.support.sending import FORM, Sending, form

MIB = 1024**2
FILE = 'name="file"; filename="clip.mp4"'

UNUSABLE_NAMES = ["", " ", "a\r\nb.mp4", "a\0.mp4", "a\x1b[2J.mp4", "a\x7f", "a\u2028b", "../a.mp4", "a\\b", "ä" * 128]

MALFORMED = {
    "no file": form(('name="title"', b"text")),
    "a file without its name": form(('name="file"', b"video")),
    "no part": form(),
    "two files": form((FILE, b"one"), (FILE, b"two")),
    "an empty file": form((FILE, b"")),
    "no end": form((FILE, b"video" * 100_000))[:-10],
    "no boundary": b"video",
    "no disposition": form((FILE, b"v")).replace(b"Content-Disposition", b"Content-Imposition"),
    "a head that never ends": f"--x-boundary-x\r\nX: {'x' * 3 * MIB}".encode(),
    "a large field": form(('name="title"', b"t" * 3 * MIB), (FILE, b"video")),
    "many fields": form(*[('name="title"', b"text")] * 20, (FILE, b"video")),
    "much behind its end": form((FILE, b"video")) + b"x" * 3 * MIB,
    "empty": b"",
}


@pytest.mark.parametrize("name", UNUSABLE_NAMES)
def test_unsafe_name_is_refused(caller: Caller, store: Store, name: str) -> None:
    """Empty, too long, with a folder or undisplayable characters: 422, and nothing is left in the store."""
    before = store.counts()
    assert_problem(caller.call("POST", "/upload", params={"name": name}, data=b"video"), 422)
    store.assert_as_before(before)


@pytest.mark.parametrize("name", ["", "a\0b.mp4", "../a.mp4", "a" * 256])
def test_unsafe_name_in_a_form_is_refused(caller: Caller, store: Store, name: str) -> None:
    """The same rules apply to a form's file name."""
    before = store.counts()
    body = form((f'name="file"; filename="{name}"', b"video"))
    assert_problem(caller.call("POST", "/upload", data=body, headers=FORM), 422)
    store.assert_as_before(before)


@pytest.mark.parametrize("query", ["", "?quality=2", "?name=a.mp4&name=b.mp4"])
def test_raw_body_needs_one_name(caller: Caller, query: str) -> None:
    """Without a name, or with two: 400, and the text says how to send one."""
    answer = caller.call("POST", f"/upload{query}", data=b"video")
    assert_problem(answer, 400)
    assert "name" in answer.json()["detail"]


@pytest.mark.parametrize("body", MALFORMED.values(), ids=list(MALFORMED))
def test_form_without_exactly_one_video_is_refused(caller: Caller, store: Store, body: bytes) -> None:
    """Whatever is wrong with a form is a 4xx, and leaves nothing in the store."""
    before = store.counts()
    answer = caller.call("POST", "/upload", data=body, headers=FORM)
    assert answer.status_code in {400, 413}
    assert_problem(answer, answer.status_code)
    store.assert_as_before(before)


@pytest.mark.parametrize(
    "name",
    ["Café.mp4".encode("cp1252"), "电影.mp4".encode("gbk"), "映画.mp4".encode("shift-jis"), b"\xff\xfe"],
)
def test_form_name_that_is_not_utf_8_is_refused(caller: Caller, store: Store, name: bytes) -> None:
    """curl on Windows sends the code page of its console: the answer says so, and what to do."""
    before = store.counts()
    answer = caller.call("POST", "/upload", data=form((FILE, b"video")).replace(b"clip.mp4", name), headers=FORM)
    assert_problem(answer, 422)
    assert "not UTF-8" in answer.json()["detail"]
    store.assert_as_before(before)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=ä"])
def test_form_without_a_usable_boundary_is_refused(caller: Caller, content_type: str) -> None:
    """A missing boundary, or one that is not ASCII: 400."""
    headers = {"Content-Type": content_type.encode().decode("latin-1")}
    assert_problem(caller.call("POST", "/upload", data=form((FILE, b"video")), headers=headers), 400)


def test_empty_body_is_refused(caller: Caller, store: Store) -> None:
    """With an announced length and in chunked coding."""
    before = store.counts()
    assert_problem(caller.call("POST", "/upload?name=a.mp4", data=b""), 400)
    assert_problem(caller.call("POST", "/upload?name=a.mp4", data=iter([])), 400)
    store.assert_as_before(before)


def test_invalid_token_is_refused_before_the_body(upload: str, secrets: Secrets) -> None:
    """The answer is 401 before a byte of the body is sent."""
    expired = newcomer(upload, secrets, expires=-10)
    unsigned = Caller(upload, "nobody", "no.to.ken")
    for stranger in (expired, unsigned):
        with Sending(stranger, "/upload?name=a.mp4", length=1000) as sending:
            assert sending.answer()[0] == 401
    assert_problem(requests.post(f"{upload}/upload?name=a.mp4", data=b"video", timeout=30), 401)


def test_video_of_more_than_4_gib_is_refused_before_it_is_sent(caller: Caller) -> None:
    """An announced length beyond the limit is 413 at once; for a form, beyond the limit and the form's overhead."""
    for length, headers in ((MAX_VIDEO_BYTES + 1, {}), (MAX_VIDEO_BYTES + MAX_FORM_OVERHEAD_BYTES + 1, FORM)):
        with Sending(caller, "/upload?name=a.mp4", length, headers) as sending:
            status, body = sending.answer()
            assert status == 413
            assert b"4 GiB" in body


@pytest.mark.parametrize("length", ["known", "unknown"])
def test_refusal_during_the_body_buffers_nothing(
    caller: Caller, store: Store, supervisor: Supervisor, length: str
) -> None:
    """A client that continues to send gets its answer, and the function discards the rest."""
    before, process = store.counts(), worker(supervisor, caller.url)
    memory_before = memory(process)
    head, end = form((FILE, b"one"), (FILE, b"two")).split(b"two")
    rest, block = 300, bytes(MIB)

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(rest):
            yield block
        yield end

    size = len(head) + rest * MIB + len(end)
    with Sending(caller, "/upload", size if length == "known" else None, FORM) as sending:
        for part in body():
            (sending.send if length == "known" else sending.send_chunk)(part)
        if length == "unknown":
            sending.send(b"0\r\n\r\n")
        status, answer = sending.answer()
    assert status == 400
    assert b"two files" in answer
    assert peak_memory(process) - memory_before < 64 * MIB
    store.assert_as_before(before)


@pytest.mark.parametrize("key", ["", "ä".encode().decode("latin-1"), "k" * 256, "a\tb"])
def test_invalid_idempotency_key_is_refused(caller: Caller, store: Store, key: str) -> None:
    """A key has 1 to 255 printable ASCII characters."""
    before = store.counts()
    answer = caller.call("POST", "/upload?name=a.mp4", data=b"video", headers={"Idempotency-Key": key})
    assert_problem(answer, 400)
    store.assert_as_before(before)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH", "OPTIONS"])
def test_unsupported_method_is_405(caller: Caller, method: str) -> None:
    """`Allow` lists the methods."""
    answer = caller.call(method, "/upload")
    assert_problem(answer, 405)
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == {"POST", "PUT"}


@pytest.mark.parametrize("path", ["/", "/upload/", "/upload/clip.mp4", "/uploadsx"])
def test_unknown_path_is_404(caller: Caller, path: str) -> None:
    """As a problem."""
    assert_problem(caller.call("POST", path, data=b"video"), 404)
