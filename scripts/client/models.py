"""The service's answers as values; members that are not known here are ignored."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from .failures import Failure, Kind
from .names import shortened
from .service import Service

Id = Annotated[str, Field(pattern="^[0-9a-f]{24}$")]
PAGE = 100


class Reason(BaseModel):
    code: str
    message: str


class Mp3(BaseModel):
    """`size` in bytes, `duration` in seconds."""

    id: Id
    size: int = Field(gt=0)
    duration: float
    incomplete: bool = False


class Job(BaseModel):
    """`size` is the video's, in bytes; `progress` goes from 0 to 1."""

    id: Id
    name: str
    size: int
    state: str
    progress: float
    created: datetime
    options: dict[str, str] = {}
    reason: Reason | None = None
    mp3: Mp3 | None = None

    @property
    def has_ended(self) -> bool:
        return self.mp3 is not None or self.reason is not None


class Page(BaseModel):
    jobs: list[Job]


class Login(BaseModel):
    token: str


class Link(BaseModel):
    url: str
    expires: datetime


class ApiToken(BaseModel):
    """`token` is known of a new one alone."""

    id: str
    name: str
    scope: str
    created: datetime
    expires: datetime
    last_used: datetime | None = None
    token: str = ""


class ApiTokens(BaseModel):
    tokens: list[ApiToken]


def path(number: str) -> str:
    """Return the path of the job with this id, which a user has typed; raise Failure."""
    if not re.fullmatch("[0-9a-fA-F]{24}", number):
        raise Failure(Kind.REFUSED, f"{shortened(number, 60)} is no id of a job, which has 24 hexadecimal digits.")
    return f"/jobs/{number}"


def job(service: Service, number: str) -> Job:
    return service.call("GET", path(number)).read(Job)


def jobs(service: Service, most: int | None) -> Iterator[Job]:
    """Return the caller's jobs, newest first, all of them or at most so many."""
    before: dict[str, str] = {}
    left = most
    while left is None or left > 0:
        limit = PAGE if left is None else min(PAGE, left)
        page = service.call("GET", "/jobs", params={"limit": str(limit), **before}).read(Page)
        yield from page.jobs[:limit]
        last = page.jobs[-1].id if page.jobs else ""
        if len(page.jobs) < limit or ("before" in before and last >= before["before"]):
            return
        left = None if left is None else left - limit
        before = {"before": last}
