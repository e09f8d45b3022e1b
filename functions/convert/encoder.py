"""Makes the MP3 of one video: the planner decides how, ffmpeg runs by its plan, the outputs become the MP3."""

from collections.abc import Callable
from dataclasses import dataclass

from functions.convert import outputs, protection, verdict
from functions.convert.assembly import TooLongError
from functions.convert.carried import Carried
from functions.convert.command import command, meter
from functions.convert.cores import Cores
from functions.convert.planner import Planner
from functions.convert.runner import Runner
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Workspace
from functions.convert.stitch import SeamError
from functions.convert.transcript import Transcript
from functions.convert.wanted import Wanted
from functions.shared.job.document import Reason
from functions.shared.job.options import Options


@dataclass(frozen=True)
class Encoded:
    """An MP3's length in seconds, its ID3v2 tag, and whether some of the video's sound is not in it."""

    seconds: float
    tag: bytes
    incomplete: bool = False


class Encoder:
    def __init__(self, sandbox: Sandbox, others_wait: Callable[[], bool] = lambda: False) -> None:
        """While `others_wait`, a conversion has one core: the others need theirs."""
        self._sandbox = sandbox
        self._others_wait = others_wait
        self._cores = Cores()

    def encode(
        self,
        workspace: Workspace,
        options: Options,
        heartbeat: Callable[[float], None],
        spent: Callable[[float], None],
    ) -> Encoded | Reason:
        """Write the MP3; return what is known about it, or why the video has none.

        Calls `heartbeat` with the progress (0 to 1, never less than before) at least once a second; an exception from
        it ends ffmpeg. Calls `spent` with the seconds of CPU time that ffmpeg took, however it ended.
        Raises OSError when the video is not at fault.
        """
        heartbeat = _rising(heartbeat)
        planner = Planner(workspace.video, self._free, lambda: heartbeat(0), Wanted.of(options))
        runner = Runner(self._sandbox, self._cores, workspace, spent)

        def beside(words: list[str]) -> Transcript:
            """Run ffmpeg for anything but the sound."""
            transcript = Transcript()

            def goes_on() -> bool:
                heartbeat(1)
                return True

            runner.run(words, transcript, goes_on)
            return transcript

        first: Reason | None = None
        while True:
            transcript = Transcript(planner.plan.seconds)
            made = planner.refused or _try(planner, runner, workspace, transcript, heartbeat)
            if made is None:
                continue
            reason = made if isinstance(made, Reason) else None
            first = first or reason
            if planner.again(transcript, reason):
                continue
            if isinstance(made, Reason):
                break
            if planner.measures.has_to_check(made) and planner.checked(
                beside(meter(workspace.inside(workspace.mp3))), transcript
            ):
                continue
            tag = Carried(workspace, transcript, options, beside).tag(planner.plan, planner.measures.span, made)
            return Encoded(made, tag, planner.lost(transcript))
        if first is verdict.DAMAGED and not planner.refused and protection.encrypted(workspace.video):
            return verdict.ENCRYPTED
        return planner.refused or first or made

    def _free(self) -> int:
        return 1 if self._others_wait() else self._cores.free()


def _try(
    planner: Planner, runner: Runner, workspace: Workspace, transcript: Transcript, heartbeat: Callable[[float], None]
) -> float | Reason | None:
    """Run ffmpeg by the plan; return the MP3's length in seconds, why there is none, or None if there is a new plan."""
    with outputs.of(planner.plan, workspace, transcript) as made:

        def goes_on() -> bool:
            heartbeat(made.go_on())
            return planner.fits(transcript)

        files = workspace.video, workspace.tags, workspace.track_tags, *made.files
        video, tags, track, *mp3s = map(workspace.inside, files)
        try:
            code = runner.run(command(planner.plan, video, mp3s, tags, track), transcript, goes_on)
            transcript.listed = True
            if code is None or not planner.fits(transcript):
                return None
            result = made.end(code)
            if planner.plan.measure and result is None:
                return None if planner.measured(transcript) else verdict.DAMAGED
        except SeamError:
            result = None
        except TooLongError:
            result = verdict.TOO_LONG
    if result is None:
        planner.plainly()
    return result


def _rising(heartbeat: Callable[[float], None]) -> Callable[[float], None]:
    """Return `heartbeat` for several runs of ffmpeg, each of which begins again."""
    highest = 0.0

    def rising(progress: float) -> None:
        nonlocal highest
        highest = max(highest, progress)
        heartbeat(highest)

    return rising
