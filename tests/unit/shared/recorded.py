"""Records of the functions' logs."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

from functions.shared import logs


@contextmanager
def recorded() -> Iterator[list[dict[str, Any]]]:
    """Configure the logs as a function does; the yielded list has the block's records once the block has ended."""
    root, lines = logging.getLogger(), list[dict[str, Any]]()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # otherwise they would be closed
    with redirect_stderr(io.StringIO()) as written:
        logs.configure()
        try:
            yield lines
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)
    lines.extend(json.loads(line) for line in written.getvalue().splitlines())
