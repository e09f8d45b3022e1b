"""A conversion while MongoDB does not answer for a while, as during the election of a new primary."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.integration.convert.converter import Converter
from tests.support.clips import Clips
from tests.support.stacks import Server
from tests.support.waiting import eventually

SILENCE_SECONDS = 8  # longer than one operation may take (6 s), shorter than the lease (30 s)


def test_failed_renewal_does_not_end_a_conversion_whose_lease_holds(
    converter: Converter, clips: Clips, mongodb: Server
) -> None:
    """MongoDB is stopped in mid-conversion and continues before the lease expires: the first attempt ends the job."""
    job = converter.upload(clips.long())
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(converter.deliver, job)
        eventually(lambda: converter.job(job)["progress"] > 0, what="progress")
        with mongodb.paused():
            time.sleep(SILENCE_SECONDS)
        assert answer.result() < 300
    ended = converter.job(job)
    assert (ended["state"], ended["tries"]) == ("done", 1)
    logs = [file.read_text() for file in mongodb.supervisor.log.glob("convert-*.log")]
    assert any("lease not renewed, it still holds" in log and str(job) in log for log in logs)
