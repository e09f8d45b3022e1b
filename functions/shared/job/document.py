"""The job document: one per video, the source of truth. README.md has its schema and its state diagrams."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bson import ObjectId

from functions.shared.job.options import DEFAULT, Options
from functions.shared.mongo import Document
from functions.shared.trace import Trace

COLLECTION = "jobs"  # opened by the modules of this package alone
REPUBLISH_AFTER = timedelta(seconds=60)  # how long an event may take before the sweeper republishes it


class State(StrEnum):
    UPLOADED = "uploaded"
    CONVERTING = "converting"
    DONE = "done"
    FAILED = "failed"


OPEN = [State.UPLOADED, State.CONVERTING]
FINAL = [State.DONE, State.FAILED]
GAVE_UP_CODE = "gave_up"  # of a failed job that keeps its video for a replay
MAX_TRIES = 3  # attempts of an open job
LEASE_EXPIRED: Document = {"$lt": ["$lease", "$$NOW"]}
# An expression for an open job: an attempt may begin now.
CLAIMABLE: Document = {"$and": [{"$lt": ["$tries", MAX_TRIES]}, {"$or": [{"$eq": ["$tries", 0]}, LEASE_EXPIRED]}]}


@dataclass(frozen=True)
class Reason:
    """Why there is no MP3: a stable code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True)
class Mp3:
    """A committed MP3: its GridFS id, its size in bytes, its length in seconds."""

    id: ObjectId
    size: int
    duration: float


@dataclass(frozen=True)
class Job:
    """One video on its way to an MP3; `video` is the GridFS id in `videos`, `size` the video's in bytes.

    `video` is `id` unless the job was made from another one, whose video it shares.
    `quota` is what all videos and MP3s of the owner may have together, in bytes; None for a job of an older version.
    The MP3 is `incomplete` if some of the video's audio could not be converted.
    The video is kept for `keep` hours after the job's end, which is until `kept`; None if it is deleted at the end.
    """

    id: ObjectId
    video: ObjectId
    owner: str
    email: str
    name: str
    size: int
    state: State
    progress: float
    reason: Reason | None
    mp3: Mp3 | None
    created: datetime
    trace: Trace | None
    quota: int | None = None
    incomplete: bool = False
    options: Options = DEFAULT
    keep: int | None = None
    kept: datetime | None = None
    verified: bool = False

    @classmethod
    def of(cls, document: Document) -> "Job":
        number: ObjectId = document["_id"]
        reason, mp3, trace = (document.get(name) for name in ("reason", "mp3", "trace"))
        return cls(
            id=number,
            video=document.get("video", number),
            owner=document["owner"],
            email=document["email"],
            name=document["name"],
            size=document["size"],
            state=State(document["state"]),
            progress=document["progress"],
            reason=Reason(**reason) if reason else None,
            mp3=Mp3(**mp3) if mp3 else None,
            created=document["created"],
            trace=Trace(**trace) if trace else None,
            quota=document.get("quota"),
            incomplete=document.get("incomplete", False),
            options=Options.of(document.get("options", {})),
            keep=document.get("keep"),
            kept=document.get("kept"),
            verified=document.get("verified", False),
        )

    def as_stored(self) -> "Job":
        """Return the job as it was just after its upload, whatever its state is now."""
        return replace(self, state=State.UPLOADED, progress=0.0, reason=None, mp3=None, incomplete=False, kept=None)

    def public(self) -> dict[str, Any]:
        """Return what its owner sees, ready for JSON."""
        return {
            "id": str(self.id),
            "name": self.name,
            "size": self.size,
            "options": self.options.words(),
            "state": self.state,
            "progress": round(self.progress, 3),
            "reason": self.reason and {"code": self.reason.code, "message": self.reason.message},
            "mp3": self.mp3
            and {
                "id": str(self.mp3.id),
                "size": self.mp3.size,
                "duration": self.mp3.duration,
                "incomplete": self.incomplete,
            },
            "created": _iso(self.created),
            "video_kept_until": self.kept and _iso(self.kept),
        }


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
