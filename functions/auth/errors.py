"""Why a request is refused. Each error's text says what failed and what to do; `api` gives it its HTTP status."""


class Refused(Exception):  # noqa: N818  # the subclasses' names say what is wrong
    """A request that changes nothing."""


class NotAnAddress(Refused):
    """Not an e-mail address that the product can send mail to."""


class PasswordRefused(Refused):
    """A new password that is too short, too long, not valid Unicode, too common or the user's address."""


class AddressTaken(Refused):
    """The e-mail address already has an account."""


class WrongLogin(Refused):
    """No credentials, an unknown address or a wrong password: the last two do not differ."""


class WrongPassword(Refused):
    """The password that confirms a password change or the deletion of an account is wrong."""


class TooManyAttempts(Refused):
    """Too many logins or registrations of an address, or wrong passwords; the next is allowed in `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many attempts. Retry after the number of seconds in the Retry-After header.")
        self.seconds = seconds


class JobsNotDeleted(Refused):
    """The user's jobs and files could not all be deleted; a retry continues."""
