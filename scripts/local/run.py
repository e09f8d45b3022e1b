"""`make run`: runs the whole system in the foreground until Ctrl-C."""

import os

from scripts.local.command import RUN, StoppedError, run, say, stoppable
from scripts.local.servers import LOCAL
from scripts.local.stack import Stack
from scripts.local.supervision import AlreadyRunningError
from scripts.local.waiting import StackError

USAGE = """\

The system is running. Ctrl-C stops it. `make ps` in another terminal lists its processes.

  gateway  {url}
  mails    {mails}
  logs     {log}

Try it:

  curl {url}/auth/register -H 'Content-Type: application/json' \\
    -d '{{"email": "you@example.com", "password": "a film for my ears"}}'
  TOKEN=$(curl -s -X POST -u 'you@example.com:a film for my ears' {url}/auth/login | cut -d '"' -f 4)
  curl -H "Authorization: Bearer $TOKEN" -F file=@{clip} {url}/upload
  curl -H "Authorization: Bearer $TOKEN" {url}/jobs
  curl -H "Authorization: Bearer $TOKEN" -OJ {url}/download/MP3-ID-FROM-THE-MAIL
"""


def main() -> None:
    port, smtp_url = os.environ.get("PORT") or "8080", os.environ.get("SMTP_URL", "")
    if not (port.isdecimal() and 0 < int(port) < 1 << 16):
        raise StackError(f"PORT={port} is not a port. Set it to a number from 1 to 65535.")
    stack = Stack(RUN, LOCAL / "mail", int(port), smtp_url)
    try:
        with stoppable():
            try:
                stack.start(lambda part: say(f"  starting {part}"))
            except AlreadyRunningError as error:
                raise StackError(f"{error} `make ps` lists its processes. Ctrl-C in its terminal stops it.") from error
            addresses = {process.name: process.address for process in stack.supervisor.processes()}
            mails = f"{addresses['mail']} and {stack.mail}/" if "mail" in addresses else "sent through SMTP_URL"
            clip = LOCAL / "media/bigbuckbunny.mp4"
            say(USAGE.format(url=stack.url, mails=mails, log=stack.supervisor.log, clip=clip))
            stack.supervisor.wait()
            raise StackError(f"supervisord ended and stopped the system. See {stack.supervisor.log}/supervisord.log")
    except StoppedError:
        say("\nStopping the system…")
        stack.stop()
        say("Stopped. All processes have ended.")


if __name__ == "__main__":
    run(main)
