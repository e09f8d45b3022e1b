"""What auth asks of the download function."""

from http.client import HTTPException
from urllib.error import URLError
from urllib.request import Request, urlopen

from functions.shared.problems import away

TIMEOUT = 8  # seconds


class Download:
    """The download function at `url`, such as `http://download.video2mp3.svc.cluster.local`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def delete_jobs(self, authorization: str) -> None:
        """Delete all jobs and files of the one whose `Authorization` header this is; raise a 503 problem if it fails.

        Auth has no right on MongoDB: nobody's word but the owner's own erases files.
        """
        request = Request(f"{self._url}/jobs", method="DELETE", headers={"Authorization": authorization})  # noqa: S310
        try:
            with urlopen(request, timeout=TIMEOUT):  # noqa: S310  # the address is a setting
                pass
        # An answer of 4xx or 5xx is a URLError too, and means the same: the files are still there.
        except (URLError, HTTPException, OSError) as error:
            raise away("The store of your videos and MP3s") from error
