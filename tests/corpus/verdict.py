"""The verdict on a run: every file ended as it may, with one mail."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage

from tests.corpus.people import Outcome
from tests.support.person import parsed
from tests.support.stacks import RunningStack
from tests.support.store import Store
from tests.support.waiting import eventually

# Formats that are cut where their sound changes, or where another file begins.
PARTED = {".ts", ".m2ts", ".mpg", ".vob", ".ogg", ".ogv", ".opus", ".flv"}
NEAR = 0.1  # seconds by which an MP3 may differ from its file's sound
MAILED = 180  # seconds until all mails have arrived: a lost event is republished by then


def broken(outcomes: list[Outcome], stack: RunningStack) -> list[str]:
    """Return a line for each broken guarantee, once the mails have arrived."""
    letters = _letters(outcomes, stack)
    return [
        f"{outcome.file.path.name}: {fault}"
        for outcome in outcomes
        for fault in (*_faults(outcome), *_mailing(outcome, letters[outcome.job]))
    ]


def _faults(outcome: Outcome) -> Iterator[str]:
    if outcome.end not in outcome.file.ends and (outcome.end != "refused" or outcome.file.path.stat().st_size):
        yield f"ended as {outcome.end}, which may be {' or '.join(sorted(outcome.file.ends))}"
    if outcome.end == "done":
        if outcome.heard <= 0:
            yield "done, and its MP3 is empty or broken"
        more = outcome.heard - outcome.there
        if abs(more) > NEAR and not (more > 0 and _has_parts(outcome)):
            yield f"its MP3 has {outcome.heard:.2f} s of {outcome.there:.2f}"
        if abs(outcome.heard - outcome.stated) > NEAR:
            yield f"its MP3 has {outcome.heard:.2f} s and states {outcome.stated:.2f}"


def _has_parts(outcome: Outcome) -> bool:
    """Whether convert may find sound that bare ffmpeg does not: behind damage that makes a recording two."""
    return bool(outcome.file.damage) and (outcome.file.path.suffix in PARTED or not outcome.there)


def _mailing(outcome: Outcome, letters: list[EmailMessage]) -> Iterator[str]:
    if not outcome.job:
        return
    if len(letters) != 1:
        yield f"{len(letters)} mails"
    kind = "converted" if outcome.end == "done" else "failed"
    for letter in letters:
        if f".{kind}@" not in letter["Message-ID"]:
            yield f"ended as {outcome.end}, and its mail is {letter['Message-ID']}"
        text = letter.get_body(("plain",))
        if not text or outcome.message not in text.get_content():
            yield f"its mail does not say why: {outcome.message}"


def _letters(outcomes: list[Outcome], stack: RunningStack) -> dict[str, list[EmailMessage]]:
    """Wait for the mails, and return them by their jobs."""
    store, jobs = Store(stack.secrets, stack.mail), [outcome.job for outcome in outcomes if outcome.job]
    with suppress(AssertionError):  # jobs without a mail are reported with all other faults
        eventually(lambda: not store.unmailed(jobs), MAILED, "every mail", every=1)
    letters: dict[str, list[EmailMessage]] = defaultdict(list)
    for file in stack.mail.glob("*.eml"):
        letter = parsed(file.read_bytes())
        letters[str(letter["Message-ID"]).strip("<").partition(".")[0]].append(letter)
    return letters
