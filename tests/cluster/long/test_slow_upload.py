"""An upload that takes longer than Knative's ten minutes."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

import pytest

from tests.cluster.drip import Drip
from tests.support.visitors import Visitor
from tests.support.waiting import eventually

MINUTES = 11


@pytest.mark.timeout((MINUTES + 5) * 60)
def test_upload_of_eleven_minutes_is_converted_and_mailed(
    anna: Visitor, film_clip: Path, figures: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An upload that takes eleven minutes is accepted, converted and mailed."""
    content = film_clip.read_bytes()
    body = Drip(content, rate=len(content) // (MINUTES * 60))
    start = time.monotonic()
    with ThreadPoolExecutor() as pool:
        try:
            upload = pool.submit(anna.call, "PUT", "/upload?name=slow.mp4", data=body)
            while not upload.done():
                with capsys.disabled():
                    print(f"\n{(time.monotonic() - start) / 60:4.1f} min, {body.sent:,} of {len(body):,} bytes", end="")
                wait([upload], timeout=60)
        finally:
            body.hurry.set()
    seconds = time.monotonic() - start
    answer = upload.result()
    assert answer.status_code == 202, answer.text
    assert seconds > 600
    figures["upload"] = f"{seconds / 60:6.1f} min"
    job = answer.json()["id"]
    ended = anna.finished(job, 120)
    assert ended["state"] == "done"
    assert ended["mp3"]["duration"] == pytest.approx(5.3, abs=0.1)
    eventually(partial(anna.mails_about, job), 120, "the mail")
