"""What a function takes for a MongoDB that is away."""

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, OperationFailure, PyMongoError, WriteError

from functions.shared.mongo import AWAY


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect(),
        OperationFailure("Transaction numbers are only allowed on a replica set member or mongos", 20),
        OperationFailure("no space left on device", 14031),
        WriteError("no space left on device", 14031),
        BulkWriteError({}),
    ],
)
def test_a_store_that_fails_at_what_it_was_asked_is_away(error: PyMongoError) -> None:
    """One that does not answer, one that has just started, and one whose disk is full, whatever the command was."""
    assert isinstance(error, AWAY)
