"""A mail catcher: an SMTP server that stores every mail in a folder, and a web page that shows the mails.

Arguments: the folder, the SMTP port and the page's port.
"""

import asyncio
import secrets
import sys
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from scripts.local.ports import HOST

# A mail is untrusted text: no script runs, and nothing is loaded.
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}


class Mailbox:
    """A folder of mails, one `.eml` file each, named by the time of arrival."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's
        """Store the mail atomically, with headers for its sender and recipients."""
        trace = "".join(f"Delivered-To: {recipient}\r\n" for recipient in envelope.rcpt_tos)
        file = self._folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
        file.write_bytes(
            f"Return-Path: <{envelope.mail_from}>\r\n{trace}".encode() + (envelope.original_content or b"")
        )
        file.rename(f"{file}.eml")
        return "250 OK"

    def names(self) -> list[str]:
        """Return the files' names, newest first."""
        return sorted((file.name for file in self._folder.glob("*.eml")), reverse=True)

    def mail(self, name: str) -> EmailMessage:
        return message_from_bytes((self._folder / name).read_bytes(), policy=default)

    async def show_list(self, _request: web.Request) -> web.Response:
        rows = "".join(
            f'<li><a href="/{name}">{escape(str(mail["subject"]))}</a> to {escape(str(mail["to"]))}, {name[:15]}</li>'
            for name in self.names()
            for mail in [self.mail(name)]
        )
        return _page("Mails", f"<ul>{rows}</ul>" if rows else "<p>No mail yet.</p>")

    async def show_one(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.names():
            raise web.HTTPNotFound
        mail = self.mail(name)
        text = mail.get_body(("plain",))
        head = "\n".join(f"{field}: {value}" for field, value in mail.items())
        body = f"<pre>{escape(head)}</pre><hr><pre>{escape(text.get_content() if text else '')}</pre>"
        if html := mail.get_body(("html",)):
            body += f'<hr><iframe sandbox srcdoc="{escape(html.get_content())}"></iframe>'
        return _page(str(mail["subject"]), body)


def _page(title: str, body: str) -> web.Response:
    style = "body{font:1rem sans-serif;margin:2rem}iframe{width:100%;height:30rem;border:0}pre{white-space:pre-wrap}"
    head = f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{style}</style>"
    return web.Response(text=f"{head}<h1>{escape(title)}</h1>{body}", content_type="text/html", headers=HEADERS)


async def serve(folder: Path, smtp: int, page: int) -> None:
    mailbox = Mailbox(folder)
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(mailbox, hostname="localhost", enable_SMTPUTF8=True), HOST, smtp)
    application = web.Application()
    application.add_routes([web.get("/", mailbox.show_list), web.get("/{name}", mailbox.show_one)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, HOST, page).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
