"""upload's HTTP side, built without environment and without servers."""

import io
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from functions.shared import mongo
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket
from functions.shared.server.connection import accepted
from functions.shared.tokens import Caller, Verifier
from functions.shared.uploads import Uploads
from functions.upload.api import Api
from functions.upload.quotas import Limits, Quotas
from functions.upload.receiver import Receiver
from functions.upload.resumable import Resumable
from functions.upload.space import Space
from functions.upload.tus import Tus
from tests.support.sessions import OpenSessions


class TrustingVerifier(Verifier):
    """Accepts every request with an `Authorization` header, as the same user's."""

    def __init__(self) -> None:
        super().__init__('{"keys": []}')

    def caller(self, authorization: str | None) -> Caller:
        if authorization:
            return Caller("u1", "owner@people.example", "s1", datetime.now(UTC))
        return super().caller(authorization)


@pytest.fixture
def unconnected() -> Api:
    """An upload without the broker's address, and with a store that does not exist."""
    database = mongo.database("mongodb://nowhere.invalid/video2mp3")
    videos, quotas = Bucket(database, "videos"), Quotas(database, Limits(1, 1, 1), Space(database, 0))
    jobs, sessions = Jobs(database), OpenSessions()
    receiver = Receiver(jobs, videos, quotas, sessions, None)
    resumable = Resumable(Uploads(database), jobs, videos, quotas=quotas, sessions=sessions, receiver=receiver)
    return Api(receiver, Tus(resumable, receiver), quotas, TrustingVerifier())


@pytest.fixture(autouse=True)
def _accepted() -> None:
    """The server has accepted the connection."""
    accepted.set(time.monotonic())


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    with socket.socket() as connection:
        yield connection


def request(connection: socket.socket, body: io.BytesIO, **headers: str) -> Request:
    builder = EnvironBuilder(
        "/upload", method="PUT", query_string={"name": "a.mp4"}, input_stream=body, headers=Headers(headers)
    )
    return Request(builder.get_environ() | {"gunicorn.socket": connection, "wsgi.input_terminated": True})


def test_upload_without_broker_is_503_before_the_body(unconnected: Api, connection: socket.socket) -> None:
    """The answer names the reason and when to retry, and touches neither a store nor the body."""
    body = io.BytesIO(b"video")
    response = unconnected.answer(request(connection, body, Authorization="any"))
    assert (response.status_code, response.headers["Retry-After"], body.tell()) == (503, "5", 0)
    assert b"The event broker is not connected yet. Retry in a few seconds." in response.get_data()
    assert body.tell() == 0


def test_another_job_without_broker_is_503(unconnected: Api, connection: socket.socket) -> None:
    """It would wait for its first republication; the store is not asked."""
    builder = EnvironBuilder("/jobs/x/again", method="POST", headers=Headers({"Authorization": "any"}))
    asked = Request(builder.get_environ() | {"gunicorn.socket": connection, "wsgi.input_terminated": True})
    response = unconnected.answer(asked)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


def test_upload_without_broker_still_requires_a_token(unconnected: Api, connection: socket.socket) -> None:
    assert unconnected.answer(request(connection, io.BytesIO(b"video"))).status_code == 401
