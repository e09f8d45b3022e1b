"""The file name under which a client saves an MP3."""

import re
import unicodedata
from urllib.parse import quote

from werkzeug.http import dump_options_header

MAX_NAME_BYTES = 255  # in UTF-8, as in most file systems


def of_mp3(video: str) -> str:
    """Return the MP3's name: the video's name with the extension .mp3, cut to 255 bytes."""
    stem, _, extension = video.rpartition(".")
    title = stem if stem.strip(". ") and extension else video
    return title.encode()[: MAX_NAME_BYTES - len(".mp3")].decode(errors="ignore") + ".mp3"


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
