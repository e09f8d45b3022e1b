"""What the library raises. Each error's text says what failed and what to do; `api` gives it its HTTP status."""


class Refused(Exception):  # noqa: N818  # the subclasses' names say what is wrong
    """A request that cannot be answered with the caller's data."""


class NotFound(Refused):
    """No such job or MP3, or another user's: the text does not differ."""


class Gone(Refused):
    """A signed link that has expired, or whose job was deleted."""


class TooManyMp3s(Refused):
    """An archive would have more MP3s than one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"An archive has at most {most} MP3s. Name some of your jobs, as in ?job=ID&job=ID.")


class NotDone(Refused):
    """The job has no MP3: it has not ended, or it has failed."""

    def __init__(self, job: str) -> None:
        super().__init__(f"Job {job} has no MP3. Wait until its `state` is `done`.")


class Unsatisfiable(Refused):
    """The range begins beyond the end of a file of `size` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The range begins beyond the end of the MP3. Request a range within its {size} bytes.")
        self.size = size


class TooManyStreams(Refused):
    """The user has as many concurrent downloads as one user may have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"Too many concurrent downloads. Wait until one of your {most} downloads has ended, then retry."
        )


class AllStreamsBusy(Refused):
    """The process has as many concurrent downloads of all users as it may have."""

    def __init__(self) -> None:
        super().__init__("Too many users are downloading at the moment. Retry in a few seconds.")
