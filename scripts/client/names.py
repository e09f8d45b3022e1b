"""Names from elsewhere, which may contain anything: how they are shown, uploaded and used as file names."""

import re
from pathlib import PurePath

MAX_NAME_BYTES = 255  # in UTF-8, as in most file systems, and as the service takes it
REPLACEMENT = "\ufffd"


def shown(text: str) -> str:
    """Return the text in one line and without anything that a terminal could obey.

    Not printable are control characters, escapes, line separators, marks that change the direction of writing, and
    bytes that are no UTF-8.
    """
    return "".join(character if character.isprintable() else REPLACEMENT for character in text)


def shortened(text: str, most: int = 600) -> str:
    """Return a text of the service, which could be as long as it likes."""
    return shown(text if len(text) <= most else f"{text[:most]}…")


def of_upload(name: str) -> str:
    """Return the name in the form that the service takes."""
    printable = shown(name).replace("\\", "_").replace("/", "_").replace("=?", "=_")
    return _cut(printable.strip() or "video", MAX_NAME_BYTES)


def of_mp3(video: str) -> str:
    """Return the MP3's file name, which has no path: the video's name with the extension .mp3."""
    name = of_upload(video)
    stem = PurePath(name).stem
    title = stem if stem.strip(". ") else name.strip(". ") or "video"
    return f"{_cut(title, MAX_NAME_BYTES - len('.mp3'))}.mp3"


def size(count: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def origin(url: str) -> str | None:
    """Return scheme, host and port of an URL with nothing behind them, or None."""
    match = re.fullmatch(r"(https?://[A-Za-z0-9._\[\]:-]+)/?", url)
    return match[1] if match else None


def _cut(name: str, most: int) -> str:
    """Return at most so many bytes of the name, its extension kept if it is short."""
    if len(name.encode()) <= most:
        return name
    suffix = PurePath(name).suffix
    suffix = suffix if len(suffix) <= 10 else ""
    return name.encode()[: most - len(suffix.encode())].decode(errors="ignore") + suffix
