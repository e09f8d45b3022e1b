"""How an event handler asks for a redelivery."""


class RetryLater(Exception):  # noqa: N818  # a request to the broker, not a failure
    """The event cannot be handled now and has to be redelivered.

    `boundary.event` answers 503 with `reason` as the text and `seconds` as `Retry-After`. A handler raises it after it
    has saved whatever the next attempt needs.
    """

    def __init__(self, reason: str, seconds: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds
