"""The letters about accounts, as the mail server has them."""

import re
from pathlib import Path

from tests.support.person import parsed
from tests.support.waiting import eventually

CODE = r"^ +(\d{8})\s*$"


def letter(mails: Path, address: str, subject: str) -> str:
    """Return the text of the letter to the address, which is removed from the folder of mails."""

    def look() -> Path | None:
        for path in mails.glob("*.eml"):
            mail = parsed(path.read_bytes())
            if (mail["To"], mail["Subject"]) == (address, subject):
                return path
        return None

    path = eventually(look, 30, "the letter")
    body = parsed(path.read_bytes()).get_body(("plain",))
    path.unlink()
    assert body
    return str(body.get_content())


def found(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text, re.MULTILINE)
    return str(found)
