"""Why a request is refused. Each error's text says what failed and what to do; `api` gives it its HTTP status."""


class Refused(Exception):  # noqa: N818  # the subclasses' names say what is wrong
    """An upload that is not accepted; nothing of it stays in the store."""


class TooLarge(Refused):
    """More bytes than a video or a form may have, by the announced length or as counted."""

    def __init__(self, detail: str = "Videos are limited to 4 GiB. Upload a smaller video.") -> None:
        super().__init__(detail)


class TooSlow(Refused):
    """Fewer bytes than the minimum within a window; the connection is closed for reading."""


class BodyIncomplete(Refused):
    """The body ended before its announced length, or its chunked coding is malformed."""


class ChecksumMismatch(Refused):
    """The body has another checksum than its client has announced."""

    def __init__(self) -> None:
        super().__init__("The body does not have its Upload-Checksum, so nothing of it is stored. Send it again.")


class MalformedForm(Refused):
    """Not a multipart/form-data body with exactly one file, or not a form of options alone."""


class EmptyVideo(Refused):
    """A video of no bytes."""


class NameRefused(Refused):
    """A video's name that is empty, too long, contains a folder or cannot be displayed."""


class QuotaExceeded(Refused):
    """A quota of the user is used up; a retry may succeed after `retry_after` seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class StoreFull(Refused):
    """MongoDB's disk has too little free space."""

    def __init__(self) -> None:
        super().__init__("The store is almost full and accepts no videos. Retry later.")


class JobNotFound(Refused):
    """The user has no such job."""

    def __init__(self) -> None:
        super().__init__("Job not found. List your jobs with GET /jobs.")


class VideoGone(Refused):
    """The job's video is not kept, or not any longer."""

    def __init__(self) -> None:
        super().__init__(
            "The job's video is not kept any longer, or this service keeps no videos. "
            "Upload the video again, with the options."
        )


class BrokerNotConnected(Refused):
    """The function does not know the broker's address yet, so it could not publish the upload."""


class UploadNotFound(Refused):
    """The user has no such resumable upload."""

    def __init__(self) -> None:
        super().__init__("Upload not found. Begin another one with POST /uploads.")


class UploadExpired(Refused):
    """The resumable upload was not completed in time."""

    def __init__(self) -> None:
        super().__init__("The upload has expired. Begin another one with POST /uploads.")


class WrongOffset(Refused):
    """The bytes do not begin where those that are stored end."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"The upload's offset is {offset}. Ask for it with HEAD and send the bytes from there.")


class UploadLocked(Refused):
    """Another request writes to the resumable upload, or completes it."""

    def __init__(self) -> None:
        super().__init__("Another request is writing to this upload. Retry in a few seconds.")
