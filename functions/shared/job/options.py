"""What the caller wants of the MP3: the same words in form fields, in the query, in the job and in help texts.

`OPTIONS` says of each option what it does and which values it takes. `Options.parse` checks a caller's words, and
`Options.words` gives them back in one spelling, which the job document has.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

BITRATES = [f"{rate}k" for rate in (320, 256, 224, 192, 160, 128, 112, 96, 80, 64, 48, 32)]
LOW_RATES, MAX_LOW_KBPS = ("24000", "22050", "16000"), 160  # of MPEG-2 (ISO/IEC 13818-3, 2.4.2.3)
RATES = ("48000", "44100", "32000", *LOW_RATES)
PARTS = ("tags", "cover", "chapters")


class OptionRefused(ValueError):  # noqa: N818  # what happened to the option
    """An unknown option, or a value that it does not take; the text names both, and says what is allowed."""


def _as_it_is(value: str) -> str:
    return value


def _seconds(value: str) -> str:
    """Return a time as seconds, with at most three decimal places."""
    seconds = Decimal(0)
    for part in value.removeprefix("-").split(":"):
        seconds = seconds * 60 + Decimal(part)
    return f"{'-' if seconds and value[0] == '-' else ''}{seconds.normalize():f}"


def _parts(value: str) -> str:
    asked = value.split(",")
    return ",".join(part for part in PARTS if part in asked)


@dataclass(frozen=True)
class Option:
    """`takes` describes the values in words and `pattern` as a regular expression; `spell` gives each one spelling."""

    does: str
    takes: str
    pattern: str
    spell: Callable[[str], str] = _as_it_is

    def value(self, name: str, given: str) -> str:
        """Return the value in its one spelling; raise OptionRefused."""
        if not re.fullmatch(self.pattern, given, re.ASCII):
            raise OptionRefused(f"The option `{name}` cannot be `{_shown(given)}`. It takes {self.takes}.")
        return self.spell(given)


def _one_of(does: str, *values: str) -> Option:
    return Option(does, ", ".join(values), "|".join(values))


def _time(does: str) -> Option:
    times = "seconds or [h:]m:ss[.mmm], such as 90 or 1:30.5, which counts from the end if it is negative"
    return Option(does, times, r"-?(\d{1,6}|\d{1,4}:[0-5]?\d|\d{1,2}:[0-5]?\d:[0-5]?\d)(\.\d{1,3})?", _seconds)


def _tag(name: str) -> Option:
    # No control characters, no separators of lines, no sign of bytes that were no UTF-8.
    text = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]{0,1000}"
    return Option(f"the MP3's {name}", "text of at most 1000 characters, none to remove the tag", text, str.strip)


OPTIONS = {
    "quality": _one_of(
        "VBR from 0, the best, to 9, the smallest, or a constant bitrate; source copies MP3 audio, and is 2 for others",
        *("source", *map(str, range(10)), *BITRATES),
    ),
    "channels": _one_of("how many channels", "source", "mono", "stereo"),
    "sample_rate": _one_of("samples per second", "source", *RATES),
    "start": _time("where in the video the MP3 begins"),
    "end": _time("where in the video the MP3 ends"),
    "loudness": Option(
        "integrated loudness (EBU R128), such as -16 for podcasts and -14 for streaming",
        "LUFS from -30 to -6",
        r"-(30(\.0)?|[12]\d(\.\d)?|[7-9](\.\d)?|6(\.0)?)",
        lambda value: value.removesuffix(".0"),
    ),
    "track": Option(
        "which audio track",
        "its number, which counts from 0, or its language, such as de, deu or pt-BR",
        r"\d{1,3}|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}",
        lambda value: str(int(value)) if value.isdecimal() else value.lower(),
    ),
    **{name: _tag(name) for name in ("title", "artist", "album", "genre")},
    "year": Option("the MP3's year", "four digits, none to remove the tag", r"(\d{4})?"),
    "comment": _tag("comment"),
    "keep": Option(
        "what the MP3 has of the video",
        f"any of {','.join(PARTS)}",
        r"((tags|cover|chapters)(,(tags|cover|chapters)){0,9})?",
        _parts,
    ),
}


@dataclass(frozen=True)
class Options:
    """The options in one spelling, None where the caller asked for nothing; `start` and `end` are in seconds."""

    quality: str | None = None
    channels: str | None = None
    sample_rate: str | None = None
    start: str | None = None
    end: str | None = None
    loudness: str | None = None
    track: str | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: str | None = None
    comment: str | None = None
    keep: str | None = None

    @classmethod
    def parse(cls, given: Iterable[tuple[str, str]]) -> Self:
        """Return the options of a caller's words; raise OptionRefused."""
        values: dict[str, str] = {}
        for name, value in given:
            if name not in OPTIONS:
                raise OptionRefused(f"There is no option `{_shown(name)}`. The options are {', '.join(OPTIONS)}.")
            if name in values:
                raise OptionRefused(f"The option `{name}` is given twice. Give it once.")
            values[name] = OPTIONS[name].value(name, value)
        options = cls(**values)
        options._require_possible()
        return options

    @classmethod
    def of(cls, words: Mapping[str, str]) -> Self:
        """Return the options of a job document."""
        return cls(**words)

    def words(self) -> dict[str, str]:
        """Return the options that were asked for, as a job document and its public form have them."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def _require_possible(self) -> None:
        """Refuse what no video can meet."""
        start, end = Decimal(self.start or 0), Decimal(self.end or "Infinity")
        if start.is_signed() == end.is_signed() and start >= end:
            raise OptionRefused(f"The option `end` ({end} s) must be behind `start` ({start} s).")
        kbps = int(self.quality[:-1]) if self.quality and self.quality in BITRATES else 0
        if kbps > MAX_LOW_KBPS and self.sample_rate in LOW_RATES:
            raise OptionRefused(
                f"The option `quality` cannot be `{self.quality}` where `sample_rate` is {self.sample_rate}:"
                f" such an MP3 has at most {MAX_LOW_KBPS}k."
            )


DEFAULT = Options()


def _shown(text: str) -> str:
    """Return a short printable form of a caller's text."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return printable if len(printable) <= 40 else f"{printable[:39]}…"
