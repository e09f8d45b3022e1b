"""The letters about an account, as plain text and as HTML. No text in them is a stranger's."""

import json
from email.message import EmailMessage
from shlex import quote

from functions.notify.letter import Part, Sender, write
from functions.shared.letters import Kind, Letter
from functions.shared.settings import Url

SUBJECTS = {
    Kind.VERIFY: "Confirm your mail address",
    Kind.TAKEN: "You already have an account",
    Kind.RESET: "Set a new password",
}
IGNORE = "If you did not ask for this, ignore this mail: nothing changes."


def compose(letter: Letter, sender: Sender, public_url: Url) -> EmailMessage:
    """Return the letter as a mail; raise ValueError if the address is not a valid mail address.

    Copies of a letter have the same Message-ID. A link has its secret behind the #, which no server gets to see.
    """
    url = public_url.rstrip("/")
    parts = {Kind.VERIFY: _verify, Kind.TAKEN: _taken, Kind.RESET: _reset}[letter.kind](letter, url)
    return write(sender, letter.email, SUBJECTS[letter.kind], f"{letter.id}.{letter.kind}", [*parts, (IGNORE, [])])


def _verify(letter: Letter, url: str) -> list[Part]:
    asked = f"Somebody asked {url} for an account with this mail address. To confirm the address, open this link:"
    by_hand = _post(url, "verify-email", {"email": letter.email, "code": letter.code})
    return [(asked, [_link(letter, url)]), *_code(letter, by_hand)]


def _taken(letter: Letter, url: str) -> list[Part]:
    asked = f"Somebody asked {url} for an account with this mail address, which has an account already."
    forgotten = "If it was you, log in. If you have forgotten the password, ask for a letter to set a new one:"
    return [(asked, []), (forgotten, [_post(url, "forgot", {"email": letter.email})])]


def _reset(letter: Letter, url: str) -> list[Part]:
    asked = f"Somebody asked {url} for a new password of the account with this mail address. To set it, open this link:"
    body = {"email": letter.email, "code": letter.code, "password": "YOUR NEW PASSWORD"}
    ends = "A new password ends all sessions and API tokens of the account."
    return [(asked, [_link(letter, url)]), *_code(letter, _post(url, "reset", body)), (ends, [])]


def _code(letter: Letter, by_hand: str) -> list[Part]:
    return [
        ("Or enter this code on the page that asked for it:", [letter.code]),
        ("Without a browser, use the code in this command:", [by_hand]),
        ("Link and code are valid for 15 minutes, and one of them works once.", []),
    ]


def _link(letter: Letter, url: str) -> str:
    return f"{url}/#{letter.kind}={letter.link}"


def _post(url: str, route: str, body: dict[str, str]) -> str:
    return f"curl --json {quote(json.dumps(body))} {quote(f'{url}/auth/{route}')}"
