"""How every function reaches MongoDB."""

from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    WaitQueueTimeoutError,
    WTimeoutError,
)

Document = dict[str, Any]

# What pymongo raises when the store does not answer, or too late.
SILENT = (ConnectionFailure, ExecutionTimeout, NotPrimaryError, WaitQueueTimeoutError, WTimeoutError)
# The same and when it fails at what it was asked: its disk is full, or it has just started and is no member of its
# replica set yet. The text of a BulkWriteError has all in it that was to be written: it may stand in no log.
AWAY = (*SILENT, OperationFailure)


def database(url: str) -> Database[Document]:
    """Return the URL's database; connects at first use, as functions-framework forks after the import.

    An acknowledged write is on a majority's journal. Every operation ends within 6 s, so that a caller has
    its 503 within 10.
    """
    client: MongoClient[Document] = MongoClient(
        url,
        connect=False,
        tz_aware=True,
        timeoutMS=6000,
        w="majority",
        journal=True,
        appname="video2mp3",
    )
    return client.get_default_database("video2mp3")
