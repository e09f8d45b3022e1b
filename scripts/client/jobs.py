"""The commands about jobs: `ls`, `status`, `get`, `rm`, `link`, `open`."""

import re
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from . import config, models
from .commands import app, command
from .convert import Force, SkipExisting, Where
from .converting import Existing, Outcome, ended, fetch
from .crew import Crew
from .failures import Failure, Kind
from .models import Job, Link
from .names import of_mp3, shortened, shown, size
from .output import Output
from .report import Report
from .retrying import COMMAND, Stop
from .service import Service
from .tracking import Tracking
from .videos import STANDARD

Ids = Annotated[list[str], typer.Argument(metavar="ID", help="The jobs' ids, as `video2mp3 ls` shows them.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's id, as `video2mp3 ls` shows it.")]
UNITS = {"m": 60, "h": 3600, "d": 86400}


@command(app, "ls")
def list_jobs(
    out: Output,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All jobs instead of the 20 newest.")] = False,
) -> None:
    """List your jobs, newest first."""
    for job in models.jobs(_service(), None if everything else 20):
        out.result(job.model_dump(mode="json"), _line(job))


@command(app, "status")
def status(
    out: Output,
    number: JobId,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Wait until the job has ended, and fail if it has failed.")
    ] = False,
) -> None:
    """Show a job."""
    service = _service()
    job = models.job(service, number)
    if watch and not job.has_ended:
        with out.tracking() as tracking, tracking.of(job.name) as tracker:
            job = ended(service, job.id, tracker)
    out.result(job.model_dump(mode="json"), _page(job))
    if watch and job.reason:
        raise typer.Exit(int(Kind.CONVERSION))


@command(app, "get")
def get(
    out: Output, ids: Ids, *, output: Where = None, force: Force = False, skip_existing: SkipExisting = False
) -> None:
    """Download the MP3s of jobs, each under its video's name; wait for those that are unfinished."""
    if output == STANDARD and len(ids) > 1:
        raise Failure(Kind.USAGE, "`-o -` takes one job.")
    ids = list(dict.fromkeys(ids))
    service, existing = _service(), Existing(force, skip_existing)
    with out.tracking() as tracking:
        report = Report(out, len(ids))
        work = _Getting(service, existing, output, tracking).get
        for number, outcome in Crew(work, service.stop).each(ids):
            report.add(number, outcome)
    report.close()


class _Getting:
    def __init__(self, service: Service, existing: Existing, output: str | None, tracking: Tracking) -> None:
        self._service = service
        self._existing = existing
        self._output = output
        self._tracking = tracking

    def get(self, number: str) -> Outcome:
        job = models.job(self._service, number)
        target = None if self._output == STANDARD else Path(self._output or ".") / of_mp3(job.name)
        if self._existing.leaves_out(target):
            return Outcome(number, target, job, skipped=True)
        with self._tracking.of(job.name) as tracker:
            job = job if job.has_ended else ended(self._service, job.id, tracker)
            return fetch(self._service, job, Outcome(number, target, job), tracker, self._existing)


@command(app, "rm")
def remove(out: Output, ids: Ids) -> None:
    """Delete jobs with their videos and MP3s."""
    service, kinds = _service(), set()
    for number in ids:
        try:
            service.call("DELETE", models.path(number))
        except Failure as failure:
            out.failure(failure, number)
            kinds.add(failure.kind)
        else:
            out.result({"deleted": number}, f"deleted {number}")
    if kinds:
        raise typer.Exit(int(kinds.pop()) if len(kinds) == 1 else int(Kind.SEVERAL))


@command(app, "link")
def link(
    out: Output,
    number: JobId,
    *,
    expires_in: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long it is valid, such as 90m, 12h or 7d; without it a day.")
    ] = None,
) -> None:
    """Make a link to a job's MP3, for somebody who has no login."""
    body = {"expires_in": _seconds(expires_in)} if expires_in else {}
    made = _service().call("POST", f"{models.path(number)}/link", json=body).read(Link)
    out.result(made.model_dump(mode="json"), f"{shortened(made.url, 2000)}\nvalid until {made.expires.astimezone():%c}")


@command(app, "open")
def open_page(out: Output) -> None:
    """Open the service's page in the browser."""
    url = config.require().url
    out.result({"url": url}, url)
    webbrowser.open(url)


def _service() -> Service:
    login = config.require()
    return Service(login.url, login.token, Stop(), COMMAND)


def _seconds(text: str) -> int:
    match = re.fullmatch(r"(\d{1,6})([mhd])", text, re.ASCII)
    if not match:
        raise Failure(Kind.USAGE, f"{shortened(text, 60)} is no time. Give a number with m, h or d, such as 12h.")
    return int(match[1]) * UNITS[match[2]]


def _state(job: Job) -> str:
    percent = f"{min(1.0, max(0.0, job.progress)):.0%}"
    return f"{shown(job.state)} {percent}" if job.state == "converting" else shown(job.state)


def _line(job: Job) -> str:
    created = f"{job.created.astimezone():%Y-%m-%d %H:%M}"
    return (
        f"{job.id}  {created}  {_state(job):<15}  {size(job.mp3.size if job.mp3 else job.size):>9}  {shown(job.name)}"
    )


def _page(job: Job) -> str:
    facts = {
        "id": job.id,
        "video": f"{shown(job.name)} ({size(job.size)})",
        "created": f"{job.created.astimezone():%c}",
        "options": ", ".join(f"{shown(name)}={shown(value)}" for name, value in job.options.items()),
        "state": _state(job),
        "reason": f"{shortened(job.reason.message)} ({shown(job.reason.code)})" if job.reason else "",
        "MP3": f"{size(job.mp3.size)}, {_time(job.mp3.duration)}" if job.mp3 else "",
        "note": "Some of its sound could not be converted." if job.mp3 and job.mp3.incomplete else "",
    }
    return "\n".join(f"{name:<8}  {value}" for name, value in facts.items() if value)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
