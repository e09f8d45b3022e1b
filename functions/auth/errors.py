"""Why a request is refused. Each error's text says what failed and what to do; `api` gives it its HTTP status."""


class Refused(Exception):  # noqa: N818  # the subclasses' names say what is wrong
    """A request that changes nothing."""


class NotAnAddress(Refused):
    """Not an e-mail address that the product can send mail to."""


class PasswordRefused(Refused):
    """A new password that is too short, too long, not valid Unicode or too common."""


class AddressTaken(Refused):
    """The e-mail address already has an account."""


class WrongLogin(Refused):
    """No credentials, an unknown address or a wrong password: the last two do not differ."""


class WrongPassword(Refused):
    """The current password of a password change is wrong."""


class JobsNotDeleted(Refused):
    """The user's jobs and files could not all be deleted; a retry continues."""
