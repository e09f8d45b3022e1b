"""The files that one run of ffmpeg writes the sound to, and the MP3 that they become."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from functions.convert import copied, mp3, verdict, xing
from functions.convert.assembly import MAX_SCRATCH_BYTES, Assembly
from functions.convert.deal import Deal
from functions.convert.plan import Plan
from functions.convert.scratch import Workspace
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason


class One:
    """The MP3 itself, encoded or copied."""

    def __init__(self, workspace: Workspace, transcript: Transcript, *, copy: bool) -> None:
        self.files = [workspace.mp3]
        self._mp3 = workspace.mp3
        self._transcript = transcript
        self._copy = copy

    def go_on(self) -> float:
        """Return the progress; a copy is quick, and may be in vain, so it counts as none."""
        return 0.0 if self._copy else self._transcript.progress(self._transcript.done)

    def end(self, code: int) -> float | Reason | None:
        """Return the MP3's length in seconds or why there is none, by ffmpeg's exit code; None if it was in vain."""
        seconds = mp3.seconds(self._mp3) if self._mp3.exists() else 0.0
        reason = verdict.judge(code, self._transcript, seconds)
        if self._copy and reason is not verdict.TOO_LONG:
            return mp3.seconds(self._mp3) if not reason and copied.keep(self._mp3) else None
        if not reason and (samples := self._transcript.samples.get(0)):
            xing.put_samples(self._mp3, samples)
        return reason or mp3.seconds(self._mp3)


class Nothing:
    """A run that measures."""

    files: Sequence[Path] = ()

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript

    def go_on(self) -> float:
        return 0.0

    def end(self, code: int) -> Reason | None:
        """Return why nothing could be measured, by ffmpeg's exit code."""
        return verdict.judge(code, self._transcript, max(self._transcript.done, 1))


class Several:
    """A file of each encoder that has a share of the sound. All methods raise SeamError if it was in vain."""

    def __init__(self, workspace: Workspace, transcript: Transcript, deal: Deal) -> None:
        self.files = [workspace.out / f"part{number}.mp3" for number in range(deal.encoders)]
        self._mp3 = workspace.mp3
        self._transcript = transcript
        spare = (MAX_SCRATCH_BYTES - workspace.video.stat().st_size) // 2
        self._assembly = Assembly(self.files, self._mp3, deal.blocks, spare)

    def go_on(self) -> float:
        """Put together what there is; return the progress."""
        self._assembly.go_on()
        return self._transcript.progress(self._assembly.seconds)

    def end(self, code: int) -> float | Reason | None:
        """Return the MP3's length in seconds or why there is none, by ffmpeg's exit code; None if it was in vain."""
        if reason := verdict.judge(code, self._transcript, 1):
            return reason if reason is verdict.TOO_LONG else None
        self._assembly.end([samples for _, samples in sorted(self._transcript.samples.items())])
        return mp3.seconds(self._mp3)

    def close(self) -> None:
        self._assembly.close()
        for file in self.files:
            file.unlink(missing_ok=True)


@contextmanager
def of(plan: Plan, workspace: Workspace, transcript: Transcript) -> Iterator[One | Several | Nothing]:
    """Yield the outputs of a run by this plan, without what the run before has written, as another user."""
    for file in (workspace.mp3, workspace.tags, workspace.track_tags):
        file.unlink(missing_ok=True)
    if plan.measure:
        yield Nothing(transcript)
        return
    if not plan.deal:
        yield One(workspace, transcript, copy=plan.copied)
        return
    with closing(Several(workspace, transcript, plan.deal)) as several:
        yield several
