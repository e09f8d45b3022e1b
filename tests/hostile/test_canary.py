"""The canary can be detected: without that, the hostile tests would show nothing."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from functions.convert.id3 import Tag
from tests.hostile.canary import MARK, Canary, marked, sings
from tests.hostile.case import clip
from tests.hostile.watch import Watch
from tests.support.waiting import eventually


@pytest.mark.parametrize("kind", ["ts", "mp4", "wav", "mkv"])
def test_canarys_tone_is_found_in_an_mp3(canary: Canary, kind: str) -> None:
    """An MP3 of each of its files has its tone, an MP3 of a clip has not."""
    words = ["-map_metadata", "-1", "-f", "mp3", "-q:a", "2", "-"]
    made = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", canary.folder / f"canary.{kind}", *words], check=True, capture_output=True
    )
    assert sings(made.stdout)
    assert not sings(clip("mp3"))


@pytest.mark.parametrize("kind", ["mp4", "mp3", "txt", "srt"])
def test_canarys_mark_is_found(canary: Canary, kind: str) -> None:
    """A copied tag or text is found."""
    assert MARK.encode() in (canary.folder / f"canary.{kind}").read_bytes()


def test_canarys_mark_is_found_in_the_tag_of_an_mp3() -> None:
    """Its texts are UTF-16."""
    assert marked(Tag(texts={"TIT2": f"a {MARK}"}).bytes())


def test_connection_to_the_canary_is_detected(tmp_path: Path) -> None:
    """By TCP as by UDP."""
    with Canary(tmp_path / "canary", tmp_path) as canary:
        socket.create_connection(("127.0.0.1", canary.tcp)).close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"hello", ("127.0.0.1", canary.udp))
        eventually(lambda: len(canary.touched) == 2, 5, "both")


def test_ffmpeg_with_a_socket_is_detected(tmp_path: Path) -> None:
    """An ffmpeg that waits for packets, here as a child of this process, has a socket and uses memory."""
    listen = ["ffmpeg", "-v", "quiet", "-nostdin", "-i", "udp://127.0.0.1:0?timeout=20000000", "-f", "null", "-"]
    with subprocess.Popen(listen) as ffmpeg:
        try:
            with Watch(os.getpid()) as seen:
                eventually(lambda: seen.sockets and seen.highest > 1 << 20, 10, "its socket")
        finally:
            ffmpeg.kill()
