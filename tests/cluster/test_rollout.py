"""Changes of a system during its use."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cluster.drip import Drip
from tests.support.kubectl import function_pods, get, is_true, kubectl, running, service
from tests.support.visitors import Visitor
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(600)


@contextmanager
def new_revision(function: str) -> Iterator[str]:
    """Roll out a revision equal to the last, yield the name of the last, and undo the change at the end."""
    last = service(function)["status"]["latestReadyRevisionName"]
    annotate(function, f'"{uuid4().hex}"')
    try:
        eventually(lambda: is_latest(function) and revision(function) != last, 180, "a new revision", every=1)
        yield last
    finally:
        annotate(function, "null")
        eventually(lambda: is_latest(function), 180, "the old manifest", every=1)


def annotate(function: str, value: str) -> None:
    patch = f'{{"spec":{{"template":{{"metadata":{{"annotations":{{"video2mp3/rollout":{value}}}}}}}}}}}'
    kubectl("patch", "services.serving.knative.dev", function, "--type=merge", f"--patch={patch}")


def revision(function: str) -> str:
    return str(service(function)["status"]["latestReadyRevisionName"])


def is_latest(function: str) -> bool:
    """Whether all requests go to the latest revision."""
    found = service(function)
    status = found["status"]
    return is_true(found, "Ready") and status["latestReadyRevisionName"] == status["latestCreatedRevisionName"]


def test_upload_in_progress_survives_a_rollout(anna: Visitor, film_clip: Path) -> None:
    """During a slow upload a new revision takes over, and the old pod is terminated gracefully: the upload succeeds."""
    body = Drip(film_clip.read_bytes(), rate=2000)
    with ThreadPoolExecutor() as pool:
        try:
            upload = pool.submit(anna.call, "PUT", "/upload?name=slow.mp4", data=body)
            eventually(lambda: body.sent > 10_000 and running(function_pods("upload")), 60, "the upload's begin")
            with new_revision("upload") as last:
                old = [pod for pod in running(function_pods("upload")) if last in pod["metadata"]["name"]]
                for pod in old:
                    kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")
                ending = [get("pod", pod["metadata"]["name"])["metadata"] for pod in old]
                assert len(ending) > 0
                assert all("deletionTimestamp" in metadata for metadata in ending)
                assert not upload.done()
                assert body.sent < len(body)
                body.hurry.set()
                answer = upload.result(60)
        finally:
            body.hurry.set()
    assert answer.status_code == 202, answer.text
    assert anna.finished(answer.json()["id"], 120)["state"] == "done"
