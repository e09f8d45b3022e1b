"""The errors of pymongo that mean that the store does not answer, and what is logged about them."""

from pathlib import Path

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteError,
)

from functions.shared import mongo
from functions.shared.errors import describe
from functions.shared.mongo import AWAY


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect(),
        ConfigurationError("The DNS query name does not exist: _mongodb._tcp.cluster0.example."),
        OperationFailure("Transaction numbers are only allowed on a replica set member or mongos", 20),
        OperationFailure("no space left on device", 14031),
        WriteError("no space left on device", 14031),
        BulkWriteError({}),
    ],
)
def test_failing_store_counts_as_unavailable(error: PyMongoError) -> None:
    """A store does not answer, has no DNS record, has just started, or has a full disk, during any command."""
    assert isinstance(error, AWAY)


def test_log_says_why_a_server_cannot_be_reached() -> None:
    """The log has the reason, without the description of every server that follows."""
    error = ServerSelectionTimeoutError(
        "SSL handshake failed: db.example:27017: [SSL] certificate has expired, Timeout: 6.0s, Topology Description: …"
    )
    reason = "SSL handshake failed: db.example:27017: [SSL] certificate has expired"
    assert describe(error) == f"ServerSelectionTimeoutError: {reason}"


@pytest.mark.parametrize("kind", [BulkWriteError, OperationFailure, WriteError])
def test_log_has_no_text_of_a_refused_write(kind: type[OperationFailure]) -> None:
    """The text of a refused write may repeat the documents."""
    error = BulkWriteError({"op": "a video"}) if kind is BulkWriteError else kind("a video")
    assert describe(error) == kind.__name__


def test_missing_ca_file_is_named_at_start(tmp_path: Path) -> None:
    """A process whose Secret is missing does not start."""
    with pytest.raises(OSError, match="tlscafile"):
        mongo.database(f"mongodb://db.example/video2mp3?tls=true&tlsCAFile={tmp_path / 'ca.crt'}")
