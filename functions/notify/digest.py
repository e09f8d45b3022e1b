"""The mail about many ended jobs of one recipient."""

from email.message import EmailMessage
from hashlib import sha256
from shlex import quote

from functions.notify.letter import Part, Sender, log_in, options, shown, why, write
from functions.shared.job.document import Job
from functions.shared.settings import Url

MAX_LISTED = 100  # jobs; of the others the mail has the number


def compose(jobs: list[Job], sender: Sender, public_url: Url) -> EmailMessage:
    """Return the mail about the jobs, all of one recipient; raise ValueError if the address is not a valid one.

    The Message-ID depends on the jobs and their ends: a copy of a digest has the same one, a digest about other jobs
    another one, as a mail server may drop what it takes for a duplicate.
    """
    count, recipient = len(jobs), jobs[0].email
    parts = [*_results(jobs), *_instructions(jobs[0], public_url.rstrip("/"))]
    return write(sender, recipient, f"Results of {count} videos", f"{_fingerprint(jobs)}.digest", parts)


def _results(jobs: list[Job]) -> list[Part]:
    why_digest = "An address gets at most 60 mails in 24 hours."
    lines = [line for job in jobs[:MAX_LISTED] for line in _result(job)]
    parts: list[Part] = [(f"This mail has the results of {len(jobs)} videos. {why_digest}", lines)]
    if len(jobs) > MAX_LISTED:
        parts.append((f"The results of {len(jobs) - MAX_LISTED} more videos are not listed here.", []))
    return parts


def _result(job: Job) -> list[str]:
    result = f"MP3 id: {job.mp3.id}" if job.mp3 else f"Failed: {why(job)}"
    return [f"File name: {shown(job.name)}", *options(job), f"    {result}"]


def _instructions(job: Job, url: str) -> list[Part]:
    log_in_first = "log in and replace TOKEN with the token that the login prints"
    call = "curl -H 'Authorization: Bearer TOKEN'"
    fetch = [
        *log_in(job, url),
        f"{call} {quote(f'{url}/jobs?limit=100')}",
        f"{call} -OJ {quote(f'{url}/download/ID')}",
    ]
    return [
        (f"To list all jobs and to download an MP3 by its id, {log_in_first}:", fetch),
        ("MP3s are deleted after some days.", []),
    ]


def _fingerprint(jobs: list[Job]) -> str:
    return sha256("\n".join(sorted(f"{job.id}.{job.state}" for job in jobs)).encode()).hexdigest()[:32]
