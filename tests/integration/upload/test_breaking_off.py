import os
import signal
import time

import pytest
from psutil import Process, pid_exists

from functions.shared.job.owners import Owners
from functions.shared.mysql import Database
from functions.upload.quotas import STEP_BYTES
from scripts.local.secrets import Secrets
from scripts.local.supervision import Supervisor
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.problems import assert_problem
from tests.support.processes import main_process, worker
from tests.support.sending import FORM, Sending, form
from tests.support.stacks import Server, StartFunction
from tests.support.waiting import eventually

VIDEO = os.urandom(16 * 1024**2)
BODIES = {"raw": (VIDEO, {}), "form": (form(('name="file"; filename="a.mp4"', VIDEO)), FORM)}


@pytest.fixture
def own(start_function: StartFunction, settings: dict[str, str], secrets: Secrets) -> Caller:
    """A caller of a separate upload function, which the test may stop."""
    return newcomer(start_function("upload", settings), secrets)


@pytest.mark.parametrize("percent", [1, 50, 99])
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("length", ["known", "unknown"])
def test_disconnected_client_leaves_nothing(caller: Caller, store: Store, kind: str, percent: int, length: str) -> None:
    """Wherever the body breaks off, there is no job, no video and no chunk."""
    before = store.counts()
    body, headers = BODIES[kind]
    part = body[: len(body) * percent // 100]
    sending = Sending(caller, "/upload?name=a.mp4", len(body) if length == "known" else None, headers)
    (sending.send if length == "known" else sending.send_chunk)(part)
    sending.vanish()
    store.assert_as_before(before)
    assert store.jobs(caller.user) == []


@pytest.mark.parametrize("length", ["known", "unknown"])
def test_incomplete_body_is_400(caller: Caller, store: Store, length: str) -> None:
    """The answer says so, and nothing is left in the store."""
    before = store.counts()
    with Sending(caller, "/upload?name=a.mp4", len(VIDEO) if length == "known" else None) as sending:
        (sending.send if length == "known" else sending.send_chunk)(VIDEO[:-1])
        sending.stop()
        status, answer = sending.answer()
    assert status == 400
    assert b"body is incomplete" in answer
    store.assert_as_before(before)


def test_malformed_chunk_is_400(caller: Caller, store: Store) -> None:
    """Malformed chunked coding leaves nothing in the store."""
    before = store.counts()
    with Sending(caller, "/upload?name=a.mp4", None) as sending:
        sending.send_chunk(VIDEO)
        sending.send(b"nonsense\r\n\r\n")
        assert sending.answer()[0] == 400
    store.assert_as_before(before)


def _begun(own: Caller, store: Store, before: tuple[int, int, int]) -> Sending:
    """Return an upload in progress: some of its chunks are stored."""
    sending = Sending(own, "/upload?name=a.mp4", len(VIDEO))
    sending.send(VIDEO[: len(VIDEO) // 2])
    eventually(lambda: store.counts()[2] > before[2], 10, "a chunk")
    return sending


def test_upload_survives_sigterm(own: Caller, store: Store, supervisor: Supervisor) -> None:
    """Graceful shutdown: an upload in progress completes and becomes a job."""
    with _begun(own, store, store.counts()) as sending:
        _terminate(main_process(supervisor, own.url))
        sending.send(VIDEO[len(VIDEO) // 2 :])
        assert sending.answer()[0] == 202
    assert len(store.jobs(own.user)) == 1


def test_upload_aborted_during_shutdown_leaves_nothing(own: Caller, store: Store, supervisor: Supervisor) -> None:
    """A client that disconnects during a graceful shutdown leaves no job and no chunk."""
    before = store.counts()
    with _begun(own, store, before) as sending:
        process = main_process(supervisor, own.url)
        _terminate(process)
        sending.vanish()
        eventually(lambda: not pid_exists(process.pid), 10, "the end of the function")
    store.assert_as_before(before)


def test_killed_function_creates_no_job(own: Caller, store: Store, supervisor: Supervisor) -> None:
    """A function killed during an upload leaves orphaned chunks, and neither video nor job."""
    jobs, videos, _chunks = before = store.counts()
    with _begun(own, store, before):
        worker(supervisor, own.url).kill()
        eventually(lambda: store.counts()[:2] == (jobs, videos), 10, "no job")
    assert store.jobs(own.user) == []
    store.database["videos.chunks"].delete_many({"files_id": {"$nin": store.database["videos.files"].distinct("_id")}})


def _terminate(process: Process) -> None:
    process.send_signal(signal.SIGTERM)


def test_upload_in_progress_ends_with_its_account(caller: Caller, store: Store) -> None:
    """An account is deleted while a body arrives: 401 at its end, and neither a job nor a video."""
    before = store.counts()
    with Sending(caller, "/upload?name=a.mp4", len(VIDEO)) as sending:
        sending.send(VIDEO[:-1])
        Owners(store.database).delete(caller.user)
        sending.send(VIDEO[-1:])
        assert sending.answer()[0] == 401
    store.assert_as_before(before)


def test_long_upload_of_a_deleted_account_is_refused_before_its_end(caller: Caller, store: Store) -> None:
    """At the next step of 64 MiB, although most of the body has not been sent."""
    before = store.counts()
    with Sending(caller, "/upload?name=a.mp4", 16 * STEP_BYTES) as sending:
        sending.send(VIDEO)
        Owners(store.database).delete(caller.user)
        sending.send(bytes(STEP_BYTES))
        assert sending.answer()[0] == 401
    store.assert_as_before(before)


def test_upload_in_progress_ends_with_its_session(caller: Caller, store: Store, mysql: Server) -> None:
    """A logout while a body arrives: 401 at its end, and neither a job nor a video."""
    before = store.counts()
    with Sending(caller, "/upload?name=a.mp4", len(VIDEO)) as sending:
        sending.send(VIDEO[:-1])
        with Database(mysql.url_of("auth")).cursor() as cursor:
            cursor.execute("DELETE FROM sessions WHERE id = %s", (caller.session,))
        sending.send(VIDEO[-1:])
        assert sending.answer()[0] == 401
    store.assert_as_before(before)


def test_token_that_expires_during_the_body_is_accepted(upload: str, secrets: Secrets, store: Store) -> None:
    """For a cookie or an API token the gateway passes on a JWT of a minute; after the body its session counts alone."""
    caller = newcomer(upload, secrets, expires=2)
    sending = Sending(caller, "/upload?name=a.mp4", len(VIDEO))
    sending.send(VIDEO[:-1])
    eventually(lambda: caller.call("GET", "/upload").status_code == 401, 10, "the token's end")
    sending.send(VIDEO[-1:])
    assert sending.answer()[0] == 202
    assert len(store.jobs(caller.user)) == 1


def test_token_that_expires_while_its_request_waits_is_accepted(
    start_function: StartFunction, settings: dict[str, str], secrets: Secrets
) -> None:
    """All threads are busy for longer than the JWT lives that the gateway has got for a cookie."""
    url = start_function("upload", settings | {"THREADS": "1"})
    caller, other = newcomer(url, secrets, expires=2), newcomer(url, secrets)
    headers = {"X-Gateway-Password": secrets.password("gateway"), "X-Gateway-Time": str(time.time())}
    busy = Sending(other, "/upload?name=a.mp4", len(VIDEO))
    busy.send(VIDEO[:-1])
    waiting = Sending(caller, "/upload?name=a.mp4", 100, headers)
    waiting.send(VIDEO[:100])
    time.sleep(3)
    busy.send(VIDEO[-1:])
    assert busy.answer()[0] == 202
    assert waiting.answer()[0] == 202


@pytest.mark.parametrize("password", ["right", "wrong", None])
def test_token_that_had_expired_at_the_gateway_is_refused(upload: str, secrets: Secrets, password: str | None) -> None:
    """Only the gateway is believed about the time, and a token that is valid later is not valid."""
    caller, now = newcomer(upload, secrets, expires=-20), time.time()
    headers = {"X-Gateway-Time": str(now - 10 if password == "right" else now - 30)}
    if password:
        headers["X-Gateway-Password"] = secrets.password("gateway") if password == "right" else "x" * 43
    assert_problem(caller.call("GET", "/usage", headers=headers), 401)
