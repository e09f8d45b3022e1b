"""The verdict on a run: every guarantee checked, each broken one named."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.chaos.crowd import Crowd, Upload
from tests.support.sound import seconds_of
from tests.support.stacks import RunningStack
from tests.support.store import Store
from tests.support.waiting import eventually

FINAL = 120  # seconds in which every job ends once the disturbance is over
MAILED = 120  # more seconds until its owner has the mail: another lease and another tick
SOUND = 0.2  # seconds by which an MP3 may differ from its video


@dataclass
class Verdict:
    """The figures of a run, and `broken`: a line for each broken guarantee.

    `final` and `quiet` are the seconds to the last job's end and to the last mail, `refused` the number of retries;
    `lost` are uploads without their MP3 or mail, `doubled` jobs without an upload of their own; `dead` are dead
    letters; `orphans` is the number of orphaned files before the sweep, `left` after it.
    """

    uploads: int
    kills: int
    refused: int
    final: float
    quiet: float
    lost: int = 0
    doubled: int = 0
    doubled_mails: int = 0
    dead: int = 0
    orphans: int = 0
    left: int = 0
    broken: list[str] = field(default_factory=list)


def reach(
    stack: RunningStack,
    crowd: Crowd,
    since: float,
    *,
    kills: int = 0,
    repeats: int = 0,
    resent: int = 0,
    final: float = FINAL,
) -> Verdict:
    """Wait for the end of all accepted jobs, and judge the run; the disturbance ended at `since`.

    `repeats` mails may be duplicates, and `resent` messages to webhooks. The jobs have `final` seconds to end.
    """
    for process in stack.processes():
        if process.state != "stopped":
            stack.wait_for(process.name)
    store, jobs = Store(stack.secrets, stack.mail), list(crowd.accepted)
    ended = _when(lambda: not store.open(jobs), since, final, "the end of every job")
    quiet = _when(lambda: not store.unmailed(jobs), since, final + MAILED, "every mail")
    _when(lambda: not store.unsent(jobs), since, final + MAILED, "every message to a webhook")
    verdict = Verdict(len(jobs), kills, crowd.refused.total(), ended, quiet)
    _hear(crowd, verdict)
    _count_jobs_and_mails(store, crowd, verdict, repeats)
    _count_messages(crowd, verdict, resent)
    _clear_away(store, verdict)
    verdict.broken.extend(crowd.odd)
    return verdict


def _when(over: Callable[[], bool], since: float, seconds: float, what: str) -> float:
    eventually(over, max(1, since + seconds - time.monotonic()), what)
    return time.monotonic() - since


def _hear(crowd: Crowd, verdict: Verdict) -> None:
    """Download every MP3 as its owner and decode all of it."""
    with ThreadPoolExecutor(2) as pool:
        faults = [fault for fault in pool.map(_fault, crowd.accepted.items()) if fault]
    verdict.lost += len(faults)
    verdict.broken.extend(faults)


def _fault(accepted: tuple[str, Upload]) -> str:
    number, upload = accepted
    job = upload.person.job(number)
    if job["state"] != "done":
        return f"job {number} ended as {job['reason']}"
    download = upload.person.call("GET", f"/download/{job['mp3']['id']}")
    if download.status_code != 200 or len(download.content) != job["mp3"]["size"]:
        return f"the MP3 of job {number} is not there"
    seconds = seconds_of(download.content)
    if abs(seconds - upload.clip.seconds) > SOUND:
        return f"the MP3 of job {number} has {seconds} s of {upload.clip.seconds}"
    return ""


def _count_jobs_and_mails(store: Store, crowd: Crowd, verdict: Verdict, repeats: int) -> None:
    jobs = store.jobs_of({upload.person.user for upload in crowd.accepted.values()})
    unasked = jobs.keys() - crowd.accepted.keys()
    verdict.doubled = len(unasked)
    verdict.broken.extend(f"job {job} was not asked for" for job in unasked)
    mails = store.mails()
    unmailed = [job for job in crowd.accepted if not mails[job]]
    verdict.lost += len(unmailed)
    verdict.broken.extend(f"no mail about job {job}" for job in unmailed)
    verdict.doubled_mails = sum(mails[job] - 1 for job in crowd.accepted if mails[job])
    if verdict.doubled_mails > repeats:
        twice = [job for job in crowd.accepted if mails[job] > 1]
        verdict.broken.append(f"more than one mail about {', '.join(twice)}, of which {repeats} may be")


def _count_messages(crowd: Crowd, verdict: Verdict, resent: int) -> None:
    messages = Counter(number.partition(".")[0] for number in crowd.receiver.ids())
    unsent = [job for job in crowd.accepted if not messages[job]]
    verdict.lost += len(unsent)
    verdict.broken.extend(f"no message about job {job}" for job in unsent)
    repeated = sum(messages[job] - 1 for job in crowd.accepted if messages[job])
    if repeated > resent:
        verdict.broken.append(f"{repeated} messages more than one for each job, of which {resent} may be")


def _clear_away(store: Store, verdict: Verdict) -> None:
    """Sweep and replay once; no file may be left over, and there may be nothing to replay."""
    verdict.orphans = store.orphans()
    store.collect()
    verdict.left = store.orphans()
    if verdict.left:
        verdict.broken.append(f"{verdict.left} orphans are left")
    dead = store.replay()
    verdict.dead = len(dead)
    verdict.broken.extend(line for line in dead if "again" in line)
    verdict.broken.extend(store.replay())
