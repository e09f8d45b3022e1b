"""What an MP3 is called when it is saved."""

import re
import unicodedata
from urllib.parse import quote

from werkzeug.http import dump_options_header

LONGEST = 255  # bytes of UTF-8, as in most file systems


def of_mp3(video: str) -> str:
    """Return the MP3's name: the video's own, with .mp3 for its extension."""
    stem, _, extension = video.rpartition(".")
    title = stem if stem.strip(". ") and extension else video
    return title.encode()[: LONGEST - len(".mp3")].decode(errors="ignore") + ".mp3"


def disposition(name: str) -> str:
    """Return the `Content-Disposition` (RFC 6266) of a file to save by this name.

    Where the name is not plain ASCII, `filename*` has it and `filename` is for clients that know no better: without
    the quote, backslash and percent that they read differently.
    """
    plain = re.sub(r'[^ -~]|["\\%]', "_", unicodedata.normalize("NFC", name))
    if plain == name:
        return dump_options_header("attachment", {"filename": name})
    extended = f"UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"
    return dump_options_header("attachment", {"filename": plain, "filename*": extended})
