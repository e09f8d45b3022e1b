"""How every function connects to MongoDB."""

from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from functions.shared.errors import describe

Document = dict[str, Any]

# What pymongo raises when the store does not answer, or too late. ConfigurationError: the DNS records that a
# `mongodb+srv://` URL stands for cannot be read, which is tried again with the next operation.
SILENT = (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    NotPrimaryError,
    WaitQueueTimeoutError,
    WTimeoutError,
)
# SILENT, and the errors of a store that fails an operation: its disk is full, or it has just started and is not yet a
# member of its replica set. The text of a BulkWriteError repeats the documents to be written: no log may have it.
AWAY = (*SILENT, OperationFailure)


@describe.register(ConfigurationError)
@describe.register(ConnectionFailure)
def _describe(error: PyMongoError) -> str:
    """Add the text, which names servers and says why they cannot be reached, without pymongo's list of all servers."""
    return f"{type(error).__name__}: {str(error).partition(', Timeout:')[0]}"


def database(url: str) -> Database[Document]:
    """Return the URL's database; connects at first use, as functions-framework forks after the import.

    An acknowledged write is on a majority's journal. Every operation ends within 6 s, and the two DNS queries of a
    `mongodb+srv://` URL within 4 s each, so that a caller has its 503 within 10.
    """
    client: MongoClient[Document] = MongoClient(
        url,
        connect=False,
        tz_aware=True,
        timeoutMS=6000,
        connectTimeoutMS=4000,
        w="majority",
        journal=True,
        appname="video2mp3",
    )
    return client.get_default_database("video2mp3")
