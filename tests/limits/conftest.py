from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import figures


@pytest.fixture(scope="session")
def report() -> Iterator[dict[str, str]]:
    """What `make test-limits-long` measures, each figure by what it is of; written into README.md in the end."""
    found: dict[str, str] = {}
    yield found
    if found:  # nothing measured replaces no figures
        lines = figures.table(["what", "measured"], found.items())
        figures.write("make test-limits-long", lines, Path(__file__).with_name("README.md"))
