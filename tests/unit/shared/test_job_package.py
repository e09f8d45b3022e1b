"""Only functions/shared/job opens the collection of jobs and contains the field names and values of its documents."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.shared.job.deliveries import Outcome
from functions.shared.job.document import COLLECTION, State

ROOT = Path(__file__).parents[3]
FILES = sorted(file for folder in ("functions", "infra", "scripts") for file in (ROOT / folder).rglob("*.py"))
# The command line knows the API alone, whose answers have some of the same words.
APART = (ROOT / "functions/shared/job", ROOT / "scripts/client")
OUTSIDE = [str(file.relative_to(ROOT)) for file in FILES if not any(map(file.is_relative_to, APART))]

FIELDS = {"deliveries", "republish", "delivered", "attempt", "lease", "tries", "finished", "mailed", "held"}
WORDS = {COLLECTION, *State, *Outcome, *FIELDS}
# The same words with another meaning.
ALLOWED = {
    "functions/convert/converter.py": {"tries"},  # in a log record
    "functions/download/api.py": {COLLECTION},  # in the answer to `GET /jobs`
    "functions/notify/letter.py": {"failed"},  # in a Message-ID
    "functions/shared/boundary.py": {"failed"},  # a log message
    "functions/shared/events.py": {"uploaded", "failed"},  # in the ids of events
}


def words_of_the_document(source: str) -> Iterator[str]:
    """Yield the strings of the code that are words of the document, and uses of the collection by attribute.

    A string counts as a whole or by the parts of a dotted path, such as `$deliveries.mail.lease`.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from WORDS & set(node.value.lstrip("$").split("."))
        elif isinstance(node, ast.Attribute) and node.attr == COLLECTION and "database" in ast.unparse(node.value):
            yield COLLECTION


@pytest.mark.parametrize("file", OUTSIDE)
def test_job_document_is_known_to_its_package_alone(file: str) -> None:
    assert set(words_of_the_document((ROOT / file).read_text())) <= ALLOWED.get(file, set())


@pytest.mark.parametrize(
    "code",
    [
        'database["jobs"]',
        "self._database.jobs",
        'client.get_database("x").get_collection("jobs")',
        '[{"$lookup": {"from": "jobs", "as": "x"}}]',
        '[{"$unionWith": "jobs"}]',
        'RIGHTS = {"notify": {"jobs": ["find"]}}',
        'query = {"state": {"$in": ["uploaded", "converting"]}}',
        'query = {"x": "done"}',
        'query = {"deliveries.mail.lease": 1}',
        'change = {"$add": ["$tries", 1]}',
        'index = {"mail.outcome": "pending"}',
    ],
)
def test_repeated_rule_is_found(code: str) -> None:
    assert set(words_of_the_document(code))


def test_every_exception_is_needed() -> None:
    """An unused entry of ALLOWED would hide a new use."""
    unused = {file: words - set(words_of_the_document((ROOT / file).read_text())) for file, words in ALLOWED.items()}
    assert {file: words for file, words in unused.items() if words} == {}
