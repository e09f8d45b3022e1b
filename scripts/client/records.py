"""What was begun, so that the same command resumes it: one small file for each video of each service."""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from .failures import Failure, Kind

KEPT_SECONDS = 14 * 24 * 3600  # an upload expires after a day, a job a week after its end


def folder(variable: str, default: str) -> Path:
    """Return this program's folder in one of the XDG base directories."""
    given = os.environ.get(variable, "")
    if given.startswith("/"):
        return Path(given) / "video2mp3"
    try:
        return Path.home() / default / "video2mp3"
    except RuntimeError as error:
        raise Failure(Kind.FILE, "There is no home directory for the login. Set HOME to a folder of yours.") from error


def write(path: Path, values: Mapping[str, object]) -> None:
    """Replace the file, which the user alone may read, in one step."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{uuid4().hex}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(values, file)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def read(path: Path) -> dict[str, str]:
    """Return the file's texts; nothing if there is no such file, or a damaged one."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in values.items() if isinstance(value, str)} if isinstance(values, dict) else {}


class Record:
    """What is known of one video: the key of its upload, the upload's path, and its job, as far as there are any."""

    def __init__(self, path: Path | None) -> None:
        """Keep nothing if there is no path."""
        self._path = path
        known = read(path) if path else {}
        self.key = known.get("key") or uuid4().hex
        self.upload = known.get("upload")
        self.job = known.get("job")

    def note(self, *, upload: str | None = None, job: str | None = None) -> None:
        self.upload, self.job = upload or self.upload, job or self.job
        self._write()

    def restart(self) -> None:
        """Begin anew."""
        self.key, self.upload, self.job = uuid4().hex, None, None
        self._write()

    def remove(self) -> None:
        if self._path:
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        values = {"key": self.key, "upload": self.upload, "job": self.job}
        if self._path:
            with contextlib.suppress(OSError):  # a full disk: then nothing can be resumed
                write(self._path, {key: value for key, value in values.items() if value})


class Records:
    """The records of the videos that one account of one service is sent."""

    def __init__(self, url: str, account: str) -> None:
        self._of = [url, account]
        self._folder = folder("XDG_STATE_HOME", ".local/state") / "uploads"

    def of(self, path: Path, options: Mapping[str, str]) -> Record:
        """Return the record of this video with these options; another version of the file has another record."""
        status = path.stat()
        facts = [*self._of, os.fspath(path.resolve()), status.st_size, status.st_mtime_ns, sorted(options.items())]
        return Record(self._folder / hashlib.sha256(json.dumps(facts).encode()).hexdigest())

    def remove_old(self) -> None:
        oldest = time.time() - KEPT_SECONDS
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if path.stat().st_mtime < oldest:
                    path.unlink(missing_ok=True)
