"""Detects an encrypted MP4, which ffmpeg does not: it decodes noise and fails.

A protected track's description has a box `sinf`, whose first box is `frma` (ISO/IEC 14496-12, 8.12).
"""

import re
from pathlib import Path

_PROTECTED = re.compile(rb"sinf....frma", re.DOTALL)
_BLOCK = 1 << 20
_LENGTH = 12


def encrypted(video: Path) -> bool:
    tail = b""
    with video.open("rb") as file:
        while block := file.read(_BLOCK):
            if _PROTECTED.search(tail + block):
                return True
            tail = block[-_LENGTH:]
    return False
