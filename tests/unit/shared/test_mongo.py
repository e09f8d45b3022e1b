"""Which errors of pymongo mean that the store does not answer."""

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
def test_failing_store_counts_as_away(error: PyMongoError) -> None:
    """A store that does not answer, has just started, or has a full disk, with any command."""
    assert isinstance(error, AWAY)
