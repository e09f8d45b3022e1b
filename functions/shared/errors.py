"""What a log may say about an error."""

from functools import singledispatch


@singledispatch
def describe(error: Exception) -> str:
    """Return the name of the error's class, without its text: that may repeat a password or a stored document.

    The module of a driver registers the errors whose text is safe to log.
    """
    return type(error).__name__
