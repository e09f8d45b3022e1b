"""`make run`: runs the whole system in the foreground until Ctrl-C."""

import os

from scripts.local.command import RUN, StoppedError, run, say, stoppable
from scripts.local.servers import LOCAL
from scripts.local.stack import Stack
from scripts.local.supervision import AlreadyRunningError
from scripts.local.waiting import StackError

USAGE = """\

Open {url} in a browser.

The system is running. Ctrl-C stops it. `make ps` in another terminal lists its processes.

  mails    {mails}
  logs     {log}

Or by HTTP:

  curl {options}{url}/auth/register -H 'Content-Type: application/json' \\
    -d '{{"email": "you@example.com", "password": "a film for my ears"}}'
  TOKEN=$(curl {options}-s -X POST -u 'you@example.com:a film for my ears' {url}/auth/login | cut -d '"' -f 4)
  curl {options}-H "Authorization: Bearer $TOKEN" -F file=@{clip} {url}/upload
  curl {options}-H "Authorization: Bearer $TOKEN" {url}/jobs
  curl {options}-H "Authorization: Bearer $TOKEN" -OJ {url}/download/MP3-ID-FROM-THE-MAIL
"""

TRUST = """\
The certificate is signed by a CA of this machine, {ca}. `curl --cacert` trusts it for one command. To trust it
permanently, import this file in the browser's settings (certificates, authorities), or for all programs on Debian:

  sudo cp {ca} /usr/local/share/ca-certificates/video2mp3-laptop.crt && sudo update-ca-certificates
"""


def main() -> None:
    port, smtp_url, tls = os.environ.get("PORT") or "8080", os.environ.get("SMTP_URL", ""), os.environ.get("TLS", "")
    if not (port.isdecimal() and 0 < int(port) < 1 << 16):
        raise StackError(f"PORT={port} is not a port. Set it to a number from 1 to 65535.")
    if tls not in {"", "1"}:
        raise StackError(f"TLS={tls} is unknown. Use TLS=1 for HTTPS, or omit it.")
    ca = LOCAL / "ca" if tls else None
    stack = Stack(RUN, LOCAL / "mail", int(port), smtp_url, ca)
    try:
        with stoppable():
            try:
                stack.start(lambda part: say(f"  starting {part}"))
            except AlreadyRunningError as error:
                raise StackError(f"{error} `make ps` lists its processes. Ctrl-C in its terminal stops it.") from error
            addresses = {process.name: process.address for process in stack.supervisor.processes()}
            mails = f"{addresses['mail']} and {stack.mail}/" if "mail" in addresses else "sent through SMTP_URL"
            clip = LOCAL / "media/bigbuckbunny.mp4"
            options = f"--cacert {ca}/ca.crt " if ca else ""
            say(USAGE.format(url=stack.url, mails=mails, log=stack.supervisor.log, clip=clip, options=options))
            if ca:
                say(TRUST.format(ca=f"{ca}/ca.crt"))
            stack.supervisor.wait()
            raise StackError(f"supervisord ended and stopped the system. See {stack.supervisor.log}/supervisord.log")
    except StoppedError:
        say("\nStopping the system…")
        stack.stop()
        say("Stopped. All processes have ended.")


if __name__ == "__main__":
    run(main)
