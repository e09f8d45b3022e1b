"""What the API raises. Each error's text says what failed and what to do; `api` gives it its HTTP status."""


class NoEndpoint(Exception):  # noqa: N818  # what is missing, not a failure
    """The user has no webhook."""

    def __init__(self) -> None:
        super().__init__("You have no webhook. Set one with PUT /webhook.")


class SecretRefused(Exception):  # noqa: N818  # what happened to the secret
    """The secret is not one of Standard Webhooks."""

    def __init__(self) -> None:
        super().__init__("The secret must be `whsec_` and the base64 of 24 to 64 bytes. Omit it to get a new one.")


class TooManyTests(Exception):  # noqa: N818  # likewise
    """A test message was sent just now."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"A test message may be sent every {seconds} seconds. Retry later.")
        self.seconds = seconds
