"""deadletter with a real store."""

import pytest
from pymongo.database import Database

from functions.shared import mongo
from functions.shared.mongo import Document
from tests.support.stacks import Server, StartFunction


@pytest.fixture
def database(mongodb: Server) -> Database[Document]:
    """Return the store, without dead letters."""
    store = mongo.database(mongodb.url)
    store["dead"].delete_many({})
    return store


@pytest.fixture(scope="session")
def deadletter(mongodb: Server, start_function: StartFunction) -> str:
    return start_function("deadletter", {"MONGODB_URL": mongodb.url_of("deadletter"), "THREADS": "8"})
