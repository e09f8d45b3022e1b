"""Clients that read slowly or not at all: how many there may be, for how long, and who notices."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest

from scripts.local.secrets import Secrets
from tests.support.callers import Caller, newcomer
from tests.support.problems import assert_problem
from tests.support.shelf import Shelf
from tests.support.waiting import eventually

STREAMS, OF_A_USER = 12, 4  # of the 16 threads that the function has here
SIZE = 16 * 1024**2  # more than the kernel buffers on both sides
SMALL_WINDOW = 16 * 1024

Begin = Callable[[Caller, str], HTTPResponse]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Begin a download and read its head only, `begin(caller, path)`; the connection ends with the test."""
    with ExitStack() as connections:

        def begin(caller: Caller, path: str) -> HTTPResponse:
            parts = urlsplit(caller.url)
            connection = socket.socket()
            connections.enter_context(closing(connection))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW)
            connection.settimeout(30)
            connection.connect((parts.hostname, parts.port))
            head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {caller.token}\r\n\r\n"
            connection.sendall(head.encode())
            answer = HTTPResponse(connection)
            connections.enter_context(closing(answer))
            answer.begin()
            connection.close()  # it stays open for the answer, and closes with it
            return answer

        yield begin


def large_mp3(shelf: Shelf, caller: Caller) -> str:
    """Return the path of an MP3 of 16 MiB."""
    job = shelf.done(caller.user, os.urandom(SIZE))
    assert job.mp3
    return f"/download/{job.mp3.id}"


def test_user_has_four_concurrent_downloads(caller: Caller, stranger: Caller, shelf: Shelf, begin: Begin) -> None:
    """The fifth is 429 with Retry-After until one has ended; other users, `HEAD` and the job list are not affected."""
    path, others = large_mp3(shelf, caller), large_mp3(shelf, stranger)
    streams = [begin(caller, path) for _ in range(OF_A_USER)]
    assert [stream.status for stream in streams] == [200] * OF_A_USER
    refused = caller.call("GET", path, headers={"Range": "bytes=0-9"})
    assert_problem(refused, 429)
    assert int(refused.headers["Retry-After"]) > 0
    assert caller.call("HEAD", path).status_code == 200
    assert caller.call("GET", "/jobs").status_code == 200
    assert len(stranger.call("GET", others).content) == SIZE
    streams[0].close()
    eventually(lambda: caller.call("GET", path, headers={"Range": "bytes=0-9"}).status_code == 206)


def test_slow_downloads_leave_threads_for_other_requests(
    download: str, secrets: Secrets, caller: Caller, shelf: Shelf, begin: Begin
) -> None:
    """With twelve of sixteen threads streaming, a download is 503 with Retry-After, and jobs are listed and deleted."""
    path = large_mp3(shelf, caller)
    for _ in range(STREAMS // OF_A_USER):
        slow = newcomer(download, secrets)
        theirs = large_mp3(shelf, slow)
        assert [begin(slow, theirs).status for _ in range(OF_A_USER)] == [200] * OF_A_USER
    refused = caller.call("GET", path)
    assert_problem(refused, 503)
    assert int(refused.headers["Retry-After"]) > 0
    began = time.monotonic()
    assert caller.call("GET", "/jobs").status_code == 200
    assert caller.call("DELETE", "/jobs").status_code == 204
    assert time.monotonic() - began < 2


def test_answers_without_a_body_are_no_downloads(caller: Caller, shelf: Shelf) -> None:
    """404, 416 and 304 end at once: however many, a download is possible afterwards."""
    path = large_mp3(shelf, caller)
    answers = {404: ("/download/0123456789abcdef01234567", {}), 416: (path, {"Range": f"bytes={SIZE}-"})}
    answers[304] = (path, {"If-None-Match": caller.call("HEAD", path).headers["ETag"]})
    for status, (asked, headers) in answers.items():
        for _ in range(OF_A_USER + 1):
            assert caller.call("GET", asked, headers=headers).status_code == status
    assert caller.call("GET", path, headers={"Range": "bytes=0-9"}).status_code == 206


def test_slow_download_is_aborted_and_a_steady_one_completes(caller: Caller, shelf: Shelf, begin: Begin) -> None:
    """Three clients at 2 KB/s lose their connections within 45 s; one that reads steadily keeps it to the end."""
    path = large_mp3(shelf, caller)
    steady, *slow = [begin(caller, path) for _ in range(OF_A_USER)]
    began, received = time.monotonic(), 0
    while received < SIZE:
        time.sleep(0.1)
        received += len(steady.read(40_000))
        slow = [stream for stream in slow if not _ended(stream, 200)]
        assert time.monotonic() - began < 45 or not slow
    assert slow == []


def _ended(stream: HTTPResponse, size: int) -> bool:
    """Read up to `size` bytes; whether the connection has been reset or closed."""
    try:
        return not stream.read1(size)
    except ConnectionResetError:
        return True
