"""What a video may be called."""

import unicodedata

from functions.shared.problems import Problem

LONGEST = 255  # bytes of UTF-8, as in most file systems


def check(name: str) -> str:
    """Return the name as it is; raise a 422 problem for one that no file system and no mail should have to show."""
    if not name.strip():
        raise _refused("is empty")
    if len(name.encode(errors="surrogatepass")) > LONGEST:
        raise _refused(f"is longer than {LONGEST} bytes")
    if "/" in name or "\\" in name:
        raise _refused("has a folder in it")
    # Control characters, halves of characters, and the separators of lines and paragraphs.
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in name):
        raise _refused("has characters that cannot be shown")
    return name


def _refused(fault: str) -> Problem:
    return Problem(422, f"The video's name {fault}. Give it another one.")
