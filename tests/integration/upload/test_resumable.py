"""Resumable uploads, request by request."""

import hashlib
import os
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import uuid4

import pytest
import requests
from bson import ObjectId

from functions.shared.job.owners import Owners
from functions.shared.media import CHUNK
from functions.shared.mysql import Database
from functions.upload.resumable import ADVANCE_SECONDS
from functions.upload.video import MAX_VIDEO_BYTES
from scripts.local.secrets import Secrets
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.ingress import Ingress
from tests.support.problems import assert_problem, without_ids
from tests.support.sending import Sending
from tests.support.stacks import Server, StartFunction
from tests.support.tus import BYTES, VERSION, Tus, begin, create, metadata
from tests.support.waiting import eventually

VIDEO = os.urandom(5 * CHUNK + 1000)
CUTS = [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17, len(VIDEO) - 1]


def test_options_describe_the_protocol(caller: Caller) -> None:
    """Version, extensions and size; without the client's version, which it asks for here."""
    answer = caller.call("OPTIONS", "/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,expiration,termination,checksum"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert answer.headers["Tus-Max-Size"] == str(MAX_VIDEO_BYTES)


def test_created_upload_has_offset_zero(caller: Caller) -> None:
    """201 with its URL and when it expires; HEAD has its length and the metadata as they were sent, uncached."""
    sent = metadata(filename="Gespräch.mov", quality="128k", filetype="video/mp4") + ",relativePath"
    answer = create(caller, 1000, headers={"Upload-Metadata": sent})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    expires = parsedate_to_datetime(answer.headers["Upload-Expires"])
    assert timedelta(hours=23, minutes=59) < expires - datetime.now(UTC) <= timedelta(hours=24)
    head = Tus(caller, answer.headers["Location"]).head()
    assert head.status_code == 200
    expected = {"Upload-Offset": "0", "Upload-Length": "1000", "Upload-Metadata": sent, "Cache-Control": "no-store"}
    assert expected.items() <= head.headers.items()
    assert head.headers["Upload-Expires"] == answer.headers["Upload-Expires"]
    assert "Content-Location" not in head.headers


@pytest.mark.parametrize("cut", CUTS)
def test_video_in_two_parts_becomes_a_job(caller: Caller, store: Store, broker: Ingress, cut: int) -> None:
    """Wherever it is divided: the answer to the last part and each HEAD after it have the job's URL."""
    upload = begin(caller, len(VIDEO), {"Upload-Metadata": metadata(filename="Film.mp4", start="1:30")})
    first = upload.patch(0, VIDEO[:cut])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(cut))
    assert "Upload-Expires" in first.headers
    assert "Content-Location" not in first.headers
    assert upload.offset() == cut
    assert store.jobs(caller.user) == []
    last = upload.patch(cut, VIDEO[cut:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(VIDEO)))
    assert last.headers["Content-Location"] == upload.head().headers["Content-Location"] == f"/jobs/{upload.id}"
    assert upload.offset() == len(VIDEO)
    (job,) = store.jobs(caller.user)
    expected = {"name": "Film.mp4", "size": len(VIDEO), "options": {"start": "90"}, "state": "uploaded"}
    assert expected.items() <= job.items()
    assert job["email"] == f"{caller.user}@people.example"
    assert store.video(upload.id) == VIDEO
    (event,) = eventually(lambda: broker.about(job["_id"]), 5, "the event")
    assert event["id"] == f"{job['_id']}.uploaded"


def test_creation_takes_the_first_bytes(caller: Caller, store: Store) -> None:
    """Some of them, or all: then the answer has the job's URL."""
    some = create(caller, len(VIDEO), VIDEO[:100_000])
    assert (some.status_code, some.headers["Upload-Offset"]) == (201, "100000")
    upload = Tus(caller, some.headers["Location"])
    assert upload.patch(100_000, VIDEO[100_000:]).status_code == 204
    whole = create(caller, len(VIDEO), VIDEO)
    assert (whole.status_code, whole.headers["Upload-Offset"]) == (201, str(len(VIDEO)))
    for path in (some.headers["Location"], whole.headers["Location"]):
        assert store.video(path.rpartition("/")[2]) == VIDEO
    assert whole.headers["Content-Location"] == whole.headers["Location"].replace("uploads", "jobs")
    assert len(store.jobs(caller.user)) == 2


def test_creation_whose_body_is_refused_leaves_no_upload(caller: Caller, store: Store) -> None:
    """Its client never learns the upload's address, so it could not even delete it; unless it has a key for it."""

    def uploads() -> int:
        return store.database["uploads"].count_documents({"owner": caller.user})

    before = store.counts()
    assert_problem(create(caller, 10, b"0123", checksum("sha1", b"1234")), 460)
    assert_problem(create(caller, 10, bytes(11)), 413)
    assert uploads() == 0
    whole = BYTES | {"Upload-Length": str(len(VIDEO)), "Upload-Metadata": metadata(filename="a.mp4")}
    with Sending(caller, "/uploads", len(VIDEO), whole) as sending:
        sending.send(VIDEO[: 3 * CHUNK])
        eventually(lambda: uploads() == 1, 10, "the upload")
        sending.stop()
        assert sending.answer()[0] == 400
    assert uploads() == 0
    store.assert_as_before(before)
    key = {"Idempotency-Key": str(uuid4())}
    assert_problem(create(caller, 10, b"0123", key | checksum("sha1", b"1234")), 460)
    again = create(caller, 10, b"0123", key)
    assert (again.status_code, again.headers["Upload-Offset"], uploads()) == (201, "4", 1)


def test_many_small_parts_become_a_job(caller: Caller, store: Store) -> None:
    """Also with bodies of unknown length, an empty one among them."""
    upload, step = begin(caller, 40_000), 9_999
    for start in range(0, 40_000, step):
        assert upload.patch(start, b"").status_code == 204
        answer = caller.call(
            "PATCH",
            upload.path,
            headers=BYTES | {"Upload-Offset": str(start)},
            data=iter([VIDEO[start : start + step][: 40_000 - start]]),
        )
        assert answer.status_code == 204, answer.text
    assert store.video(upload.id) == VIDEO[:40_000]


def test_method_named_in_a_header_counts_instead(caller: Caller) -> None:
    """Whatever the request's own method would do; one that names no method of the route is 405."""
    upload = begin(caller, 10)

    def call(method: str, named: str, path: str = upload.path, data: bytes = b"") -> requests.Response:
        headers = BYTES | {"Upload-Offset": "0", "X-HTTP-Method-Override": named}
        return caller.call(method, path, headers=headers, data=data)

    patched = call("POST", "PATCH", data=b"12")
    assert (patched.status_code, patched.headers["Upload-Offset"]) == (204, "2")
    for method in ("POST", "DELETE", "PATCH", "PUT", "GET"):
        head = call(method, "HEAD")
        assert (head.status_code, head.headers["Upload-Offset"], head.content) == (200, "2", b"")
    assert call("POST", "OPTIONS", "/uploads").headers["Tus-Version"] == "1.0.0"
    for other in ("GET", "POST", "NONSENSE"):
        answer = call("DELETE", other)
        assert_problem(answer, 405)
        assert answer.headers["Allow"]
    assert upload.offset() == 2
    assert call("POST", "DELETE").status_code == 204
    assert upload.head().status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("named", ["PATCH", "DELETE", "POST"])
def test_request_that_reads_cannot_name_one_that_writes(caller: Caller, method: str, named: str) -> None:
    """Who may read is decided by the request's own method, before this function sees it."""
    upload = begin(caller, 10)
    answer = caller.call(method, upload.path, headers=BYTES | {"Upload-Offset": "0", "X-HTTP-Method-Override": named})
    assert answer.status_code == 400
    assert upload.offset() == 0


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0"])
def test_other_version_is_412(caller: Caller, version: str | None) -> None:
    """With the version that is supported; nothing is done."""
    upload = begin(caller, 10)
    headers = {"Tus-Resumable": version} if version else {}
    requests = [
        ("POST", "/uploads", {"Upload-Length": "10", "Upload-Metadata": metadata(filename="a")}),
        ("PATCH", upload.path, {"Upload-Offset": "0", "Content-Type": BYTES["Content-Type"]}),
        ("DELETE", upload.path, {}),
    ]
    for method, path, more in requests:
        answer = caller.call(method, path, headers=headers | more, data=b"")
        assert_problem(answer, 412)
        assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert caller.call("HEAD", upload.path, headers=headers).status_code == 412
    assert upload.offset() == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "x"}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "1.5"}, 400),
        ({"Upload-Length": "\u0661"}, 400),
        ({"Upload-Length": "0"}, 400),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Upload-Length": str(MAX_VIDEO_BYTES + 1)}, 413),
        ({"Upload-Metadata": ""}, 400),
        ({"Upload-Metadata": "filename"}, 422),
        ({"Upload-Metadata": "filename !"}, 400),
        ({"Upload-Metadata": "filename /w=="}, 400),
        ({"Upload-Metadata": metadata(filename="a/b.mp4")}, 422),
        ({"Upload-Metadata": metadata(filename="a.mp4") + "," + metadata(filename="b.mp4")}, 400),
        ({"Upload-Metadata": metadata(filename="a.mp4", qualty="3")}, 422),
        ({"Upload-Metadata": metadata(filename="a.mp4", quality="12")}, 422),
        ({"Upload-Metadata": metadata(filename="a.mp4", start="9", end="8")}, 422),
        ({"Idempotency-Key": "ä"}, 400),
    ],
)
def test_impossible_upload_is_not_created(caller: Caller, store: Store, headers: dict[str, str], status: int) -> None:
    given = {name: value.encode() for name, value in headers.items()}  # which may not be ASCII
    answer = create(caller, 10, headers=given)
    assert_problem(answer, status)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert store.database["uploads"].count_documents({"owner": caller.user}) == 0


def test_wrong_offset_is_409(caller: Caller) -> None:
    """Before and behind the right one, which the answer names; nothing is stored."""
    upload = begin(caller, 100)
    upload.patch(0, bytes(10))
    for offset in (0, 9, 11, 100):
        answer = upload.patch(offset, bytes(5))
        assert_problem(answer, 409)
        assert "10" in answer.json()["detail"]
    assert upload.offset() == 10


@pytest.mark.parametrize("headers", [{"Content-Type": "application/octet-stream"}, {"Content-Type": ""}])
def test_other_content_type_is_415(caller: Caller, headers: dict[str, str]) -> None:
    """In a PATCH, and in a creation with a body."""
    upload = begin(caller, 100)
    assert_problem(upload.patch(0, bytes(10), **headers), 415)
    given = VERSION | {"Upload-Length": "10", "Upload-Metadata": metadata(filename="a")} | headers
    assert_problem(caller.call("POST", "/uploads", headers=given, data=bytes(10)), 415)
    assert upload.offset() == 0


@pytest.mark.parametrize("offset", ["", "x", "-1", "1e1"])
def test_malformed_offset_is_400(caller: Caller, offset: str) -> None:
    assert_problem(begin(caller, 100).patch(0, b"x", **{"Upload-Offset": offset}), 400)


def checksum(algorithm: str, data: bytes) -> dict[str, str]:
    return {"Upload-Checksum": f"{algorithm} {b64encode(hashlib.new(algorithm, data).digest()).decode()}"}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_part_is_stored_if_it_has_its_checksum(caller: Caller, store: Store, algorithm: str) -> None:
    """460 for another one, and neither the offset nor the store has changed; of a creation's bytes too."""
    upload, cut = begin(caller, len(VIDEO)), 3 * CHUNK + 17
    assert upload.patch(0, VIDEO[:cut], **checksum(algorithm, VIDEO[:cut])).status_code == 204
    chunks = store.counts()
    refused = upload.patch(cut, VIDEO[cut:-1] + b"?", **checksum(algorithm, VIDEO[cut:]))
    assert_problem(refused, 460)
    assert (refused.json()["title"], refused.reason) == ("Checksum Mismatch", "Checksum Mismatch")
    assert upload.offset() == cut
    assert store.counts() == chunks
    assert upload.patch(cut, VIDEO[cut:], **checksum(algorithm, VIDEO[cut:])).status_code == 204
    assert store.video(upload.id) == VIDEO
    assert_problem(create(caller, 10, b"0123", checksum(algorithm, b"1234")), 460)
    assert create(caller, 10, b"1234", checksum(algorithm, b"1234")).headers["Upload-Offset"] == "4"


def test_broken_off_part_with_a_checksum_is_discarded(caller: Caller) -> None:
    """Nobody could check what has arrived of it, even after more than the time between two offsets that are noted."""
    upload = begin(caller, len(VIDEO))
    with upload.patching(0, len(VIDEO), **checksum("sha1", VIDEO)) as sending:
        sending.send(VIDEO[: 2 * CHUNK])
        time.sleep(ADVANCE_SECONDS + 0.5)
        sending.send(VIDEO[2 * CHUNK : 4 * CHUNK])
        time.sleep(0.5)
        assert upload.offset() == 0
        sending.stop()
        assert sending.answer()[0] == 400
    assert upload.offset() == 0


@pytest.mark.parametrize("given", ["", "md5 XrY7u+Ae7tCTyyK7j1rNww==", "sha1", "sha1 !", "sha1 AAAA", "sha256 AAAA"])
def test_malformed_checksum_is_400(caller: Caller, given: str) -> None:
    """Of an unknown algorithm too; nothing is stored."""
    upload = begin(caller, 100)
    assert_problem(upload.patch(0, b"x", **{"Upload-Checksum": given}), 400)
    assert upload.offset() == 0
    assert_problem(create(caller, 100, b"x", {"Upload-Checksum": given}), 400)


def test_more_than_the_rest_is_413(caller: Caller, store: Store) -> None:
    """By the announced length before a byte is stored, without one once so much has arrived; the upload stays."""
    upload = begin(caller, 100)
    assert_problem(upload.patch(0, bytes(101)), 413)
    too_long = caller.call("PATCH", upload.path, headers=BYTES | {"Upload-Offset": "0"}, data=iter([bytes(101)]))
    assert_problem(too_long, 413)
    assert upload.offset() == 0
    assert upload.patch(0, bytes(100)).status_code == 204
    assert_problem(upload.patch(100, b"x"), 409)
    assert store.video(upload.id) == bytes(100)


def test_unknown_upload_is_404(caller: Caller, upload: str, secrets: Secrets) -> None:
    """A foreign one, a missing one and a malformed id alike, for each method."""
    theirs = begin(newcomer(upload, secrets), 10)
    for path in (theirs.path, f"/uploads/{ObjectId()}", "/uploads/nonsense", "/uploads/%00"):
        mine = Tus(caller, path)
        for answer in (mine.patch(0, b"x"), mine.delete()):
            assert_problem(answer, 404)
        assert without_ids(mine.patch(0, b"x")) == without_ids(Tus(caller, f"/uploads/{ObjectId()}").patch(0, b"x"))
        assert mine.head().status_code == 404
    assert theirs.offset() == 0


def test_expired_upload_is_410(caller: Caller, store: Store) -> None:
    """Until the sweeper has removed it; a job that it has become is not concerned."""
    upload, done = begin(caller, 10), begin(caller, 2)
    assert done.patch(0, b"12").status_code == 204
    store.database["uploads"].update_many({"owner": caller.user}, {"$set": {"expires": datetime.now(UTC)}})
    assert_problem(upload.patch(0, b"x"), 410)
    assert upload.head().status_code == 410
    assert done.head().status_code == 200
    assert upload.delete().status_code == 204
    assert upload.head().status_code == 404


def test_deleted_upload_is_gone(caller: Caller, store: Store) -> None:
    """With what is stored of it; a complete one leaves its job, and that its video."""
    before = store.counts()
    upload = begin(caller, len(VIDEO))
    upload.patch(0, VIDEO[: 3 * CHUNK])
    assert upload.delete().status_code == 204
    assert_problem(upload.delete(), 404)
    assert upload.head().status_code == 404
    store.assert_as_before(before)
    done = begin(caller, len(VIDEO))
    done.patch(0, VIDEO)
    assert done.delete().status_code == 204
    assert done.head().status_code == 404
    assert store.video(done.id) == VIDEO


def test_repeated_key_gets_the_first_upload(caller: Caller, store: Store) -> None:
    """While it is under way and when it is complete; so does the key of a one-request upload."""
    key = {"Idempotency-Key": str(uuid4())}
    upload = begin(caller, 10, headers=key)
    upload.patch(0, b"123")
    again = create(caller, 10, headers=key)
    assert (again.status_code, again.headers["Location"], again.headers["Upload-Offset"]) == (201, upload.path, "3")
    upload.patch(3, b"4567890")
    again = create(caller, 10, b"1234567890", key)
    assert (again.status_code, again.headers["Location"], again.headers["Upload-Offset"]) == (201, upload.path, "10")
    assert again.headers["Content-Location"] == f"/jobs/{upload.id}"
    assert len(store.jobs(caller.user)) == 1
    other = {"Idempotency-Key": str(uuid4())}
    job = caller.call("POST", "/upload?name=a.mp4", headers=other, data=b"video").json()["id"]
    known = create(caller, 5, headers=other)
    assert (known.status_code, known.headers["Content-Location"]) == (201, f"/jobs/{job}")
    assert Tus(caller, known.headers["Location"]).offset() == 5
    assert caller.call("POST", "/upload?name=a.mp4", headers=key, data=b"video").json()["id"] == upload.id


def test_key_that_was_used_meanwhile_makes_no_second_job(caller: Caller, store: Store) -> None:
    """The upload ends with the job of the faster one, and its own video is deleted."""
    key = {"Idempotency-Key": str(uuid4())}
    upload = begin(caller, len(VIDEO), key)
    job = caller.call("POST", "/upload?name=a.mp4", headers=key, data=b"video").json()["id"]
    before = store.counts()
    last = upload.patch(0, VIDEO)
    assert (last.status_code, last.headers["Content-Location"]) == (204, f"/jobs/{job}")
    store.assert_as_before(before)


def test_upload_goes_on_after_another_login(caller: Caller, store: Store, mysql: Server, secrets: Secrets) -> None:
    """A session that ends while the last part arrives makes no job; the part is kept for the owner's next session."""
    upload = begin(caller, len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(VIDEO[:-1])
        held = {"_id": ObjectId(upload.id), "writer": {"$exists": True}}
        eventually(lambda: store.database["uploads"].find_one(held), 10, "the part's beginning")
        with Database(mysql.url_of("auth")).cursor() as cursor:
            cursor.execute("DELETE FROM sessions WHERE id = %s", (caller.session,))
        sending.send(VIDEO[-1:])
        assert sending.answer()[0] == 401
    assert store.jobs(caller.user) == []
    with Database(mysql.url_of("auth")).cursor() as cursor:
        later = datetime.now(UTC) + timedelta(hours=1)
        cursor.execute(
            "INSERT INTO sessions (id, user_id, expires) VALUES (%s, %s, %s)", (caller.session, caller.user, later)
        )
    answer = upload.head()
    assert (answer.status_code, answer.headers.get("Content-Location")) == (200, f"/jobs/{upload.id}")
    assert store.video(upload.id) == VIDEO


def test_deleted_account_gets_no_job(caller: Caller, store: Store) -> None:
    upload = begin(caller, 10)
    Owners(store.database).delete(caller.user)
    assert_problem(upload.patch(0, bytes(10)), 401)
    assert store.jobs(caller.user) == []


@pytest.fixture
def strict(start_function: StartFunction, settings: dict[str, str], secrets: Secrets) -> Caller:
    """A caller of an upload with low quotas."""
    quotas = {"QUOTA_STORED_MIB": "2", "QUOTA_OPEN_JOBS": "2", "QUOTA_UPLOADS_PER_HOUR": "4"}
    return newcomer(start_function("upload", settings | quotas), secrets)


def test_upload_reserves_its_length(strict: Caller, store: Store) -> None:
    """From its creation until it is deleted or its job ends; it counts once, also when it has become a job."""
    mib = 1024**2
    upload = begin(strict, mib + 1)
    assert_problem(create(strict, mib), 429)
    assert_problem(strict.call("POST", "/upload?name=a.mp4", data=bytes(mib)), 429)
    assert upload.patch(0, bytes(mib + 1)).status_code == 204
    assert_problem(create(strict, mib), 429)
    other = begin(strict, mib - 1)
    assert other.delete().status_code == 204
    assert strict.call("POST", "/upload?name=a.mp4", data=bytes(mib - 1)).status_code == 202
    assert len(store.jobs(strict.user)) == 2


def test_upload_counts_as_an_unfinished_job(strict: Caller) -> None:
    begin(strict, 1)
    assert begin(strict, 1).patch(0, b"x").status_code == 204
    answer = create(strict, 1)
    assert_problem(answer, 429)
    assert "unfinished jobs" in answer.json()["detail"]


def test_creation_counts_as_an_upload_of_its_hour(strict: Caller) -> None:
    """Once, however many parts follow."""
    for _ in range(4):
        upload = begin(strict, 2)
        upload.patch(0, b"x")
        upload.delete()
    answer = create(strict, 1)
    assert_problem(answer, 429)
    assert "uploads per hour" in answer.json()["detail"]


def test_almost_full_store_takes_no_upload(
    start_function: StartFunction, settings: dict[str, str], caller: Caller
) -> None:
    """Neither a new one nor more of another."""
    upload = begin(caller, 10)
    full = start_function("upload", settings | {"STORE_FREE_MIB": str(10**9)})
    there = Caller(full, caller.user, caller.token, caller.session)
    assert_problem(create(there, 10), 507)
    assert_problem(Tus(there, upload.path).patch(0, b"x"), 507)
    assert upload.patch(0, bytes(10)).status_code == 204
