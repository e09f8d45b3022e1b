"""Strangers at the functions' own routes, beside users of the gateway."""

import socket
import time
from contextlib import ExitStack, closing, suppress
from urllib.parse import urlsplit

import pytest

from tests.limits.bystander import UPLOAD, Bystander
from tests.support.person import Person
from tests.support.stacks import RunningStack

SECONDS = 15
REGISTER = b"POST /auth/register HTTP/1.1\r\nHost: auth\r\nContent-Length: 60\r\n\r\n{"
HALF_A_HEAD = b"GET /auth/keys HTTP/1.1\r\n"
PUT = b"PUT /upload?name=a.mp4 HTTP/1.1\r\nHost: upload\r\nContent-Length: 4000000000\r\n\r\n"

pytestmark = pytest.mark.timing


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=10)


@pytest.mark.parametrize(
    ("crowds", "piece"),
    [
        ([("auth", REGISTER, 36), ("upload", PUT, 70)], bytes(2048)),
        ([("auth", REGISTER, 400), *((name, HALF_A_HEAD, 400) for name in ("auth", "download", "upload"))], b""),
    ],
    ids=["bodies that arrive slowly", "bodies and heads that stop"],
)
def test_strangers_at_the_functions_own_routes_delay_nobody(
    stack: RunningStack, crowds: list[tuple[str, bytes, int]], piece: bytes
) -> None:
    """A user of the gateway has every answer, uploads included, within two seconds."""
    bystander = Bystander(Person(stack.url, stack.mail))
    with ExitStack() as stack_of_strangers:
        strangers = []
        for function, sent, connections in crowds:
            for _ in range(connections):
                stranger = stack_of_strangers.enter_context(closing(connect(stack.functions[function])))
                stranger.sendall(sent)
                strangers.append(stranger)
        with bystander.at_work():
            began = time.monotonic()
            while time.monotonic() - began < SECONDS:
                time.sleep(1)
                for stranger in strangers:
                    with suppress(ConnectionError):  # the server has closed it
                        stranger.sendall(piece)
    assert bystander.wrong == []
    assert len(bystander.seconds[UPLOAD]) >= 5
    assert max(max(seconds) for seconds in bystander.seconds.values()) < 2
