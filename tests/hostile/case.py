"""A hostile file: how it is made, its name, and how it may end."""

import functools
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.hostile.canary import Canary

HEAVIEST = {"quality": "320k", "channels": "mono", "start": "-40", "end": "-0.01", "loudness": "-16", "track": "0"}
HEAVIEST |= {"keep": "tags,cover,chapters"}


@dataclass(frozen=True)
class Case:
    """`make` returns the file's bytes, which may contain the canary's addresses; `ends` are the allowed ends.

    It is uploaded under `name` with `options`. `seconds` is the maximum length of its MP3.
    """

    title: str
    make: Callable[[Canary], bytes]
    ends: frozenset[str] = frozenset({"not_a_video"})
    name: str = "holiday.mp4"
    seconds: float = 60
    options: dict[str, str] = field(default_factory=dict)

    def heaviest(self) -> "Case":
        """Return the case with the options that demand the most; of 100 h the MP3 may have the last 40 s then."""
        more = {"no_such_part"} | ({"done"} if "too_long" in self.ends else set())
        options = HEAVIEST | self.options
        return replace(self, title=f"{self.title}, with options", ends=self.ends | more, options=options)


def case(title: str, content: bytes | str | Callable[[Canary], bytes | str], *ends: str, **more: str | float) -> Case:
    """Return a case; a text is written as UTF-8 and may contain placeholders of the canary's addresses."""

    def make(canary: Canary) -> bytes:
        made = content(canary) if callable(content) else content
        return canary.filled(made).encode() if isinstance(made, str) else made

    options = {"ends": frozenset(ends)} if ends else {}
    return Case(title, make, **options, **more)  # type: ignore[arg-type]


@functools.cache
def clip(kind: str, *words: str, beside: str = "") -> bytes:
    """Return a second of a 440 Hz tone in a file of this kind, made by ffmpeg, the same at each run.

    `beside` is an additional lavfi source, `words` are options of the output.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{kind}"
        tone = ["-f", "lavfi", "-i", "sine=440:duration=1"]
        more = ["-f", "lavfi", "-i", beside] if beside else []
        exact = ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"]
        subprocess.run(["ffmpeg", "-v", "error", *tone, *more, *exact, *words, str(path)], check=True)
        return path.read_bytes()
