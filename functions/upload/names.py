"""Validates the names of videos."""

import unicodedata
from email.errors import HeaderParseError
from email.header import decode_header

from functions.upload.errors import NameRefused

MAX_NAME_BYTES = 255  # in UTF-8, as in most file systems


def check(name: str) -> str:
    """Return the name unchanged; raise NameRefused if a file system or a mail could not show it safely."""
    if not name.strip():
        raise _refused("is empty")
    if len(name.encode(errors="surrogatepass")) > MAX_NAME_BYTES:
        raise _refused(f"is longer than {MAX_NAME_BYTES} bytes")
    if "/" in name or "\\" in name:
        raise _refused("contains a slash or a backslash")
    if not _displayable(name):
        raise _refused("contains characters that cannot be displayed")
    if not all(map(_displayable, _encoded_words(name))):
        raise _refused("contains an encoded word (`=?…?=`) of characters that cannot be displayed")
    return name


def _displayable(text: str) -> bool:
    """Whether there is no control character, lone surrogate, line or paragraph separator."""
    return not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)


def _encoded_words(name: str) -> list[str]:
    """Return the decoded encoded words (RFC 2047) of the name, as a mail program could show them."""
    try:
        return [text.decode(charset) for text, charset in decode_header(name) if isinstance(text, bytes) and charset]
    except (HeaderParseError, LookupError, UnicodeError) as error:
        raise _refused("contains a faulty encoded word (`=?…?=`)") from error


def _refused(fault: str) -> NameRefused:
    return NameRefused(f"The video's name {fault}. Rename the file.")
