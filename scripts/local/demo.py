"""`make demo`: starts the system, converts one video to its MP3, and stops the system."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TypeVar

import httpx

from functions.convert.binary import FFMPEG
from scripts.local.command import DEMO, StoppedError, run, say, stoppable
from scripts.local.ports import free_port
from scripts.local.servers import LOCAL
from scripts.local.stack import Stack
from scripts.local.supervision import AlreadyRunningError
from scripts.local.waiting import StackError, wait_until

T = TypeVar("T")


class Visitor:
    """A user with a random address and password, who uses the command line."""

    def __init__(self, stack: Stack) -> None:
        self.email = f"demo-{secrets.token_hex(4)}@example.com"
        self._password = secrets.token_urlsafe(16)
        self._stack = stack
        folders = {name: str(stack.state / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
        # The keyring of whoever runs the demo stays as it is.
        self._environment = {**os.environ, **folders, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}

    def register(self) -> None:
        account = {"email": self.email, "password": self._password}
        answer = httpx.post(f"{self._stack.url}/auth/register", json=account, timeout=60)
        if not answer.is_success:
            raise StackError(f"POST /auth/register returned {answer.status_code}: {answer.text}")

    def log_in(self) -> None:
        self._run("login", "--url", self._stack.url, "--email", self.email, given=self._password)

    def convert(self, video: Path) -> Path:
        """Return the MP3."""
        folder = self._stack.state / "mp3"
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier demo
        self._run("convert", "-o", str(folder), str(video))
        (mp3,) = folder.glob("*.mp3")
        return mp3

    def mail(self) -> EmailMessage:
        """Wait for the mail, up to 30 minutes, and return it."""
        found: list[EmailMessage] = []

        def look() -> bool:
            mails = (message_from_bytes(file.read_bytes(), policy=default) for file in self._stack.mail.glob("*.eml"))
            found.extend(mail for mail in mails if mail["To"] == self.email)
            return bool(found)

        wait_until(look, f"a mail to {self.email} arrives", 1800)
        return found[0]

    def _run(self, *arguments: str, given: str = "") -> None:
        """Run the command line with this standard input."""
        command = [sys.executable, "-m", "scripts.client", *arguments, "--quiet"]
        ran = subprocess.run(command, env=self._environment, input=given, text=True, check=False)
        if ran.returncode:
            raise StackError(f"video2mp3 {arguments[0]} ended with status {ran.returncode}.")


def timed(what: str, step: Callable[[], T]) -> T:
    """Run the step, print how long it took, and return its result."""
    start = time.monotonic()
    result = step()
    say(f"{time.monotonic() - start:7.2f} s  {what}")
    return result


def convert(stack: Stack, video: Path) -> None:
    visitor = Visitor(stack)
    timed(f"registered {visitor.email}", visitor.register)
    timed(f"video2mp3 login --url {stack.url} --email {visitor.email}", visitor.log_in)
    size = f"{video.stat().st_size:,} bytes"
    target = timed(f"video2mp3 convert {video} ({size})", lambda: visitor.convert(video))
    mail = timed("received the mail", visitor.mail)
    say(f"           {mail['Subject']}")
    show = [str(FFMPEG), "-hide_banner", "-i", str(target), "-map", "0:a", "-c", "copy", "-f", "null", "-"]
    log = subprocess.run(show, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stderr
    facts = log.partition("\n")[2].partition("Stream mapping:")[0]
    say(f"\n{target} ({target.stat().st_size:,} bytes)\n{facts}")


def main() -> None:
    video = Path(os.environ.get("VIDEO") or LOCAL / "media/bigbuckbunny.mp4")
    if not video.is_file():
        raise StackError(f"{video} is not a file. Set VIDEO to the path of a video file.")
    stack = Stack(DEMO, DEMO / "mail", free_port())
    try:
        with stoppable():
            timed("started the system", lambda: stack.start(lambda part: say(f"           starting {part}")))
            try:
                convert(stack, video)
            finally:
                timed("stopped the system", stack.stop)
    except StoppedError as error:
        raise StackError("The demo was interrupted.") from error
    except AlreadyRunningError as error:
        raise StackError("Another demo is running. Wait for its end, or press Ctrl-C in its terminal.") from error
    except (StackError, OSError) as error:
        raise StackError(f"The demo failed: {error}\nThe logs are in {stack.supervisor.log}/") from error


if __name__ == "__main__":
    run(main)
