"""Why a request is refused. Each error's text says what failed and what to do; `api` gives it its HTTP status."""


class Refused(Exception):  # noqa: N818  # the subclasses' names say what is wrong
    """A request that changes nothing."""


class NotAnAddress(Refused):
    """Not an e-mail address that the product can send mail to."""


class PasswordRefused(Refused):
    """A new password that is too short, too long, not valid Unicode, too common or the user's address."""


class AddressTaken(Refused):
    """The e-mail address already has an account."""


class RegistrationClosed(Refused):
    """Nobody may register: the operator makes the accounts."""

    def __init__(self) -> None:
        super().__init__("Registration is closed. Ask the operator of this service for an account.")


class NotVerified(Refused):
    """The password is right, but nobody has proved to read the mails of the address."""

    def __init__(self) -> None:
        super().__init__("The mail address is not verified. POST /auth/forgot sends a letter that verifies it.")


class ProofRefused(Refused):
    """A link or a code that is wrong, used, expired or tried too often: these do not differ."""

    def __init__(self) -> None:
        super().__init__("The link or the code is invalid, used or expired. Ask for another letter.")


class WrongLogin(Refused):
    """No credentials, an unknown address or a wrong password: the last two do not differ."""


class WrongSessionLogin(WrongLogin):
    """The same for a page: the challenge of a WrongLogin would make a browser open a dialog of its own."""


class CrossSite(Refused):
    """A request with a session cookie, or a login of a browser, that no page of this site has sent."""

    def __init__(self) -> None:
        super().__init__(
            "A request with a session cookie that changes something must come from a page of this site: "
            "with `Sec-Fetch-Site: same-origin`, or with this site's `Origin`. Programs use an API token instead."
        )


class ReadOnly(Refused):
    """An API token of the scope `read` was used to change something."""

    def __init__(self) -> None:
        super().__init__(
            "The API token's scope is `read`: it allows GET and HEAD only. Use a token of the scope `write`."
        )


class LoginRequired(Refused):
    """An API token was used to manage the account."""

    def __init__(self) -> None:
        super().__init__(
            "An API token cannot manage the account, its sessions or its tokens. Log in with the account's password."
        )


class TokenRefused(Refused):
    """An API token with an unsuitable name, scope or lifetime."""


class TooManyTokens(Refused):
    """The account has as many API tokens as it may have."""


class NoSuchSession(Refused):
    """The user has no such session or API token."""


class WrongPassword(Refused):
    """The password that confirms a password change or the deletion of an account is wrong."""


class TooManyAttempts(Refused):
    """Too many logins or registrations of an address, or wrong passwords; the next is allowed in `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many attempts. Retry after the number of seconds in the Retry-After header.")
        self.seconds = seconds


class JobsNotDeleted(Refused):
    """The user's jobs and files could not all be deleted; a retry continues."""
