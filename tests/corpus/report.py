"""The figures of a run, as the lines of two tables."""

from collections import Counter
from collections.abc import Callable
from itertools import groupby

from tests.corpus.people import Outcome
from tests.support import figures


def lines(outcomes: list[Outcome]) -> list[str]:
    """Return the tables by kind of file and, if there is any, by damage; then the file that took longest."""
    damaged = [outcome for outcome in outcomes if outcome.file.damage]
    whole = [outcome for outcome in outcomes if not outcome.file.damage]
    parts = _table("kind", outcomes, lambda outcome: outcome.file.path.suffix.lower().lstrip("."))
    if damaged:
        parts += ["", *_table("damage", damaged, lambda outcome: outcome.file.damage)]
        parts += ["", f"Of the {len(whole)} whole files: {_ends(whole)}."]
    longest = max(outcomes, key=lambda outcome: outcome.took)
    return [*parts, "", f"The longest took {longest.took:.0f} s: {longest.file.path.name}."]


def unheard(outcomes: list[Outcome]) -> list[str]:
    """Return a list of the files that have no MP3 although bare ffmpeg decodes some sound."""
    files = [f"- {one.end}, {one.there:.2f} s: {one.file.path}" for one in _unheard(outcomes)]
    return ["", "No MP3, although bare ffmpeg decodes some sound:", *files] if files else []


def _table(what: str, outcomes: list[Outcome], key: Callable[[Outcome], str]) -> list[str]:
    head = [what, "files", "MP3s", "largest difference, s", "without an MP3", "of these bare ffmpeg decodes"]
    groups = groupby(sorted(outcomes, key=key), key)
    rows = [_row(name, list(group)) for name, group in groups]
    return figures.table(head, [*rows, _row("**all**", outcomes)])


def _row(name: str, outcomes: list[Outcome]) -> list[object]:
    mp3s = [outcome for outcome in outcomes if outcome.end == "done"]
    rest = [outcome for outcome in outcomes if outcome.end != "done"]
    farthest = max((abs(outcome.heard - outcome.there) for outcome in mp3s), default=0)
    return [name, len(outcomes), len(mp3s), f"{farthest:.3f}" if mp3s else "", _ends(rest), len(_unheard(rest)) or ""]


def _unheard(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.end != "done" and outcome.there]


def _ends(outcomes: list[Outcome]) -> str:
    return ", ".join(f"{count} {end}" for end, count in Counter(outcome.end for outcome in outcomes).most_common())
