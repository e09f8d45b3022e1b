"""upload before its SinkBinding has set `K_SINK`."""

from scripts.local.secrets import Secrets
from tests.integration.upload.store import Store
from tests.support.callers import newcomer
from tests.support.problems import assert_problem
from tests.support.sending import Sending
from tests.support.stacks import StartFunction


def test_upload_without_broker_is_503(
    start_function: StartFunction, settings: dict[str, str], secrets: Secrets, store: Store
) -> None:
    """The function starts, and refuses every upload before a byte of its body is sent, with the reason."""
    unbound = {name: value for name, value in settings.items() if name != "K_SINK"}
    caller, before = newcomer(start_function("upload", unbound), secrets), store.counts()
    with Sending(caller, "/upload?name=a.mp4", length=1000) as sending:
        assert sending.answer()[0] == 503
    answer = caller.call("POST", "/upload?name=a.mp4", data=b"video", headers={"Idempotency-Key": "k"})
    assert_problem(answer, 503)
    assert answer.json()["detail"].startswith("The event broker is not connected yet.")
    assert int(answer.headers["Retry-After"]) > 0
    store.assert_as_before(before)
