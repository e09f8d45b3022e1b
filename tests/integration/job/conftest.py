from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from functions.shared.mongo import Document
from infra.mongodb.setup import make_indexes
from tests.integration.job.system import System
from tests.support.stacks import Server


@pytest.fixture(scope="session")
def whole_database(mongodb: Server) -> Iterator[Database[Document]]:
    """A database of these tests' own, with its indexes."""
    with MongoClient[Document](mongodb.url, tz_aware=True) as client:
        make_indexes(client["job"])
        yield client["job"]
        client.drop_database("job")


@pytest.fixture
def database(whole_database: Database[Document]) -> Database[Document]:
    """Return the database, emptied, as the sweeper reads all of it."""
    files = ("videos.files", "videos.chunks", "mp3s.files", "mp3s.chunks")
    for name in ("jobs", "owners", "quotas", "recipients", *files):
        whole_database[name].delete_many({})
    return whole_database


@pytest.fixture
def system(database: Database[Document], tmp_path: Path) -> System:
    return System(database, tmp_path)
