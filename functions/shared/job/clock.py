"""The time of MongoDB's server (`$$NOW`), in aggregation expressions: no pod's clock decides about a lease."""

from datetime import timedelta

from functions.shared.mongo import Document


def milliseconds(time: timedelta) -> int:
    return time // timedelta(milliseconds=1)


def after(wait: timedelta) -> Document:
    """Return the expression for the server's time, `wait` from now."""
    return {"$add": ["$$NOW", milliseconds(wait)]}


def before(age: timedelta) -> Document:
    """Return the expression for the server's time, `age` ago."""
    return {"$subtract": ["$$NOW", milliseconds(age)]}
