"""`make demo`: starts the system, converts one video to its MP3, and stops the system."""

import base64
import http.client
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

from functions.convert.binary import FFMPEG
from scripts.local.command import DEMO, StoppedError, run, say, stoppable
from scripts.local.ports import free_port
from scripts.local.servers import LOCAL
from scripts.local.stack import Stack
from scripts.local.supervision import AlreadyRunningError
from scripts.local.waiting import StackError, wait_until

T = TypeVar("T")


class Visitor:
    """A user with a random address and password, who uses the gateway."""

    def __init__(self, stack: Stack) -> None:
        self.email = f"demo-{secrets.token_hex(4)}@example.com"
        self._password = secrets.token_urlsafe(16)
        self._stack = stack
        self._token = ""

    def register(self) -> None:
        body = json.dumps({"email": self.email, "password": self._password}).encode()
        self._ask("POST", "/auth/register", body, {"Content-Type": "application/json"})

    def log_in(self) -> None:
        credentials = base64.b64encode(f"{self.email}:{self._password}".encode()).decode()
        answer = self._ask("POST", "/auth/login", None, {"Authorization": f"Basic {credentials}"})
        self._token = json.loads(answer)["token"]

    def upload(self, video: Path) -> str:
        """Return the job's id."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(video.stat().st_size)}
        with video.open("rb") as body:
            return str(json.loads(self._ask("POST", f"/upload?name={quote(video.name)}", body, headers))["id"])

    def job(self, job: str) -> dict[str, Any]:
        return dict(json.loads(self._ask("GET", f"/jobs/{job}")))

    def mail(self) -> EmailMessage:
        """Wait for the mail, up to 30 minutes, and return it."""
        found: list[EmailMessage] = []

        def look() -> bool:
            mails = (message_from_bytes(file.read_bytes(), policy=default) for file in self._stack.mail.glob("*.eml"))
            found.extend(mail for mail in mails if mail["To"] == self.email)
            return bool(found)

        wait_until(look, f"a mail to {self.email} arrives", 1800)
        return found[0]

    def download(self, mp3: str, target: Path) -> None:
        target.write_bytes(self._ask("GET", f"/download/{mp3}"))

    def _ask(
        self, method: str, path: str, body: bytes | BinaryIO | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        connection = http.client.HTTPConnection(self._stack.listen, timeout=600)
        bearer = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        connection.request(method, path, body, {**bearer, **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 300:
            raise StackError(f"{method} {path} returned {answer.status}: {content.decode(errors='replace')}")
        return content


def timed(what: str, step: Callable[[], T]) -> T:
    """Run the step, print how long it took, and return its result."""
    start = time.monotonic()
    result = step()
    say(f"{time.monotonic() - start:7.2f} s  {what}")
    return result


def convert(stack: Stack, video: Path) -> None:
    visitor = Visitor(stack)
    timed(f"registered {visitor.email}", visitor.register)
    timed("logged in", visitor.log_in)
    job = timed(f"uploaded {video} ({video.stat().st_size:,} bytes)", lambda: visitor.upload(video))
    mail = timed("received the mail", visitor.mail)
    say(f"           {mail['Subject']}")
    result = visitor.job(job)
    if result["state"] != "done":
        raise StackError(f"{video} was not converted: {result['reason']['message']} ({result['reason']['code']})")
    target = stack.state / f"{video.stem}.mp3"
    timed(f"downloaded MP3 {result['mp3']['id']}", lambda: visitor.download(result["mp3"]["id"], target))
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
