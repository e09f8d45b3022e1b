"""The file name under which a client saves an MP3."""

import re
import unicodedata
from collections import Counter
from urllib.parse import quote

from werkzeug.http import dump_options_header

MAX_NAME_BYTES = 255  # in UTF-8, as in most file systems
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')  # in names on Windows


def of_mp3(video: str) -> str:
    """Return the MP3's name: the video's name with the extension .mp3, cut to 255 bytes."""
    stem, _, extension = video.rpartition(".")
    title = stem if stem.strip(". ") and extension else video
    return _cut(title, len(".mp3")) + ".mp3"


def unique(names: list[str]) -> list[str]:
    """Return names of MP3s for one folder of any file system: equal ones get a number, as in `film (2).mp3`.

    Names that differ only in case, or in how an accent is encoded, are equal too. What Windows does not allow in a name
    becomes `_`.
    """
    taken: set[str] = set()
    copies: Counter[str] = Counter()
    found = []
    for name in names:
        allowed = _FORBIDDEN.sub("_", name)
        unused, key = allowed, _folded(allowed)
        while _folded(unused) in taken:
            copies[key] += 1
            end = f" ({copies[key] + 1}).mp3"
            unused = _cut(allowed.removesuffix(".mp3"), len(end)) + end
        taken.add(_folded(unused))
        found.append(unused)
    return found


def disposition(name: str) -> str:
    """Return the `Content-Disposition` (RFC 6266) of an attachment with this name.

    A name that is not plain ASCII goes into `filename*`. Then `filename` is the fallback for clients without
    `filename*`, with `_` for quotes, backslashes and percent signs, which such clients parse differently.
    """
    plain = re.sub(r'[^ -~]|["\\%]', "_", unicodedata.normalize("NFC", name))
    if plain == name:
        return dump_options_header("attachment", {"filename": name})
    extended = f"UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"
    return dump_options_header("attachment", {"filename": plain, "filename*": extended})


def _cut(text: str, reserved: int) -> str:
    """Cut the text so that `reserved` bytes are left of a name."""
    return text.encode()[: MAX_NAME_BYTES - reserved].decode(errors="ignore")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
