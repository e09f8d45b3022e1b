"""A whole upload that two requests complete at the same time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from bson import ObjectId

from functions.shared.job.options import Options
from functions.shared.uploads import Upload
from functions.upload.resumable import Resumable


class Finishing:
    """An upload whose job is noted by another request just before this one would hold it."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def see(self, _owner: str, _upload: ObjectId) -> Upload:
        return self._upload

    def hold(self, _owner: str, upload: ObjectId, _offset: int) -> None:
        self._upload = replace(self._upload, job=upload)


def test_head_of_an_upload_that_is_completed_meanwhile_has_its_job() -> None:
    """It asked with no offset, so none can be wrong: a client would give the upload up, and begin another one."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    whole = Upload(ObjectId(), "user", "a.mp4", Options(), "", length=5, offset=5, expires=expires)
    others: dict[str, Any] = dict.fromkeys(("quotas", "sessions", "receiver"))
    resumable = Resumable(cast("Any", Finishing(whole)), cast("Any", None), cast("Any", None), **others)
    caller = SimpleNamespace(user="user")
    assert resumable.see(cast("Any", caller), str(whole.id)).upload.job == whole.id
