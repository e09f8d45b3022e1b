"""The part of the download function's API that auth calls."""

from http.client import HTTPException
from urllib.error import URLError
from urllib.request import Request, urlopen

from functions.auth.errors import JobsNotDeleted

TIMEOUT_SECONDS = 8


class Download:
    """The download function at `url`, such as `http://download.video2mp3.svc.cluster.local`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def delete_jobs(self, authorization: str) -> None:
        """Delete all jobs and files of the user with this `Authorization` header; raise JobsNotDeleted if it fails.

        auth has no access to MongoDB: only a user's own token can delete the user's files.
        """
        headers = {"Authorization": authorization, "Account-Deletion": "true"}  # also ends the user's uploads
        request = Request(f"{self._url}/jobs", method="DELETE", headers=headers)  # noqa: S310
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310  # the address is a setting
                pass
        # A 4xx or 5xx answer is a URLError too, and means the same: files are left.
        except (URLError, HTTPException, OSError) as error:
            raise JobsNotDeleted(
                "Your jobs could not all be deleted, so the account was kept. Retry in a few seconds."
            ) from error
