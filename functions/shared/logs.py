"""JSON logs: one object a line on stderr, each with the fields of the current job, event and trace."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

_context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039  # replaced, never modified


def configure() -> None:
    """Send every logger's records, from INFO up, through one JSON handler."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter(
            "%(levelname)s %(name)s %(message)s",
            timestamp=True,
            rename_fields={"levelname": "level", "name": "logger"},
        )
    )
    handler.addFilter(_add_context)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Below WARNING, pymongo reports its connections, not the function's work.
    logging.getLogger("pymongo").setLevel(logging.WARNING)


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Add `fields` to every log record of this thread until the block ends."""
    token = _context.set(_context.get() | fields)
    try:
        yield
    finally:
        _context.reset(token)


def _add_context(record: logging.LogRecord) -> bool:
    record.__dict__.update(_context.get())
    return True
