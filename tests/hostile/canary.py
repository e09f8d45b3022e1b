"""What no hostile file may reach: a listener on TCP and UDP, and files that carry a mark as text and as sound.

The files stand where convert works and at a path that every hostile file knows. They are media of several kinds whose
only sound is a tone of TONE Hz, and texts.
"""

import array
import math
import selectors
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

MARK = "kanarienvogel-7f3a"
TONE = 3000  # Hz
MEDIA = {"ts": ["-f", "mpegts"], "mp4": [], "wav": [], "mp3": [], "aac": [], "mkv": []}


class Canary:
    """`touched` lists connections to the listener; `http` and `udp` are its ports, `folder` holds the files."""

    def __init__(self, folder: Path, beside: Path) -> None:
        self.folder = folder
        self.touched: list[str] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.tcp, self.udp = self._tcp.getsockname()[1], self._udp.getsockname()[1]
        self._over, self._bell = socket.socketpair()
        self._thread = threading.Thread(target=self._listen)
        folder.mkdir(parents=True)
        tone = ["-f", "lavfi", "-i", f"sine={TONE}:duration=5", "-metadata", f"title={MARK}", "-metadata"]
        for kind, words in MEDIA.items():
            made = ["ffmpeg", "-v", "error", *tone, f"artist={MARK}", *words, str(folder / f"canary.{kind}")]
            subprocess.run(made, check=True)
        (folder / "canary.txt").write_text(f"{MARK}\n" * 100)
        (folder / "canary.srt").write_text(f"1\n00:00:00,000 --> 00:00:05,000\n{MARK}\n\n")
        for file in folder.iterdir():
            shutil.copy(file, beside / file.name)

    def filled(self, text: str) -> str:
        """Insert the addresses: HTTP is host and port, UDP the other port, KNOWN the folder of the canary's files."""
        words = {"<HTTP>": f"127.0.0.1:{self.tcp}", "<UDP>": str(self.udp), "<KNOWN>": str(self.folder)}
        for word, meaning in words.items():
            text = text.replace(word, meaning)
        return text

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bell.send(b"!")
        self._thread.join()
        for end in (self._tcp, self._udp, self._over, self._bell):
            end.close()

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            for end in (self._tcp, self._udp, self._over):
                selector.register(end, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._over:
                        return
                    if key.fileobj is self._tcp:
                        visitor, address = self._tcp.accept()
                        visitor.close()
                        self.touched.append(f"TCP from {address}")
                    else:
                        self.touched.append(f"UDP from {self._udp.recvfrom(1024)[1]}")


def marked(content: bytes) -> bool:
    """Whether a text has the mark, also as UTF-16, as the texts of an MP3 are."""
    return any(MARK.encode(code) in content for code in ("utf-8", "utf-16-le", "utf-16-be"))


def sings(audio: bytes) -> bool:
    """Whether the first half minute of an MP3 has the canary's tone: the power at it against all power (Goertzel)."""
    decode = ["ffmpeg", "-v", "error", "-i", "-", "-t", "30", "-f", "s16le", "-ac", "1", "-ar", "8000", "-"]
    pcm = array.array("h", subprocess.run(decode, input=audio, check=True, capture_output=True).stdout)
    turn = 2 * math.cos(2 * math.pi * TONE / 8000)
    loudest = 0.0
    for start in range(0, len(pcm), 1000):
        now = before = power = 0.0
        block = pcm[start : start + 1000]
        for sample in block:
            now, before = sample + turn * now - before, now
            power += sample * sample
        share = (now * now + before * before - turn * now * before) / (power * len(block) / 2) if power else 0
        loudest = max(loudest, share)
    return loudest > 0.3
