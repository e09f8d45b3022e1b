"""Validates the names of videos."""

import unicodedata

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
    # Control characters, lone surrogates, line and paragraph separators.
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in name):
        raise _refused("contains characters that cannot be displayed")
    return name


def _refused(fault: str) -> NameRefused:
    return NameRefused(f"The video's name {fault}. Rename the file.")
