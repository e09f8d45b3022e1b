"""The lists of formats and decoders, and the page about the others, against the installed ffmpeg."""

import re
import subprocess
from pathlib import Path

import pytest

from functions.convert.binary import FFMPEG
from functions.convert.command import DECODERS, FORMATS

PAGE = Path(__file__).parents[3] / "functions" / "convert" / "formats.md"


def installed(kind: str) -> list[set[str]]:
    """Return the names of each of ffmpeg's audio decoders, or of each of its formats, which may have several."""
    listed = subprocess.run([FFMPEG, "-v", "error", f"-{kind}"], check=True, capture_output=True, text=True).stdout
    lines = [line for line in listed.splitlines() if re.match(r" A| D", line)]
    return [set(line[7 if kind == "decoders" else 5 :].split()[0].split(",")) for line in lines if " = " not in line]


def refused(heading: str) -> set[str]:
    """Return the names in the first column of the table under a heading of the page."""
    table = PAGE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {name for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`(\S+?)`", row)}


def test_every_decoder_on_the_list_is_one_of_ffmpegs() -> None:
    """A name that no decoder has lets nothing in: `g726` is the decoder of the codec `adpcm_g726`."""
    assert set(DECODERS.split()) <= set().union(*installed("decoders"))


def test_every_format_on_the_list_is_one_of_ffmpegs() -> None:
    assert set(FORMATS.split()) <= set().union(*installed("demuxers"))


@pytest.mark.parametrize(
    ("kind", "heading", "allowed"),
    [("demuxers", "Refused formats", FORMATS.split()), ("decoders", "Refused decoders", DECODERS.split())],
)
def test_page_says_of_everything_else_why_it_is_refused(kind: str, heading: str, allowed: list[str]) -> None:
    """What an update of ffmpeg adds has to be decided."""
    others = [names for names in installed(kind) if not names & set(allowed)]
    assert {",".join(sorted(names)) for names in others} == {",".join(sorted(n.split(","))) for n in refused(heading)}
