"""The ports of servers that start later. These ones are below the range of all servers."""

import socket
import subprocess
import sys

import pytest

from scripts.local import ports


def test_port_is_reserved_for_the_process_that_chose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process chooses another port, although nothing listens yet."""
    monkeypatch.setattr(ports, "RANGE", (19000, 19001))
    choose = "from scripts.local import ports; ports.RANGE = 19000, 19001; print(ports.free_port())"
    first = ports.free_port()
    other = subprocess.run([sys.executable, "-c", choose], check=True, capture_output=True, text=True).stdout
    assert {first, int(other)} == {19000, 19001}


def test_port_of_a_listener_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "RANGE", (19002, 19003))
    with socket.create_server((ports.HOST, 19002)):
        assert ports.free_port() == 19003
