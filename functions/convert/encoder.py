"""Makes the MP3 of one video: the planner decides how, ffmpeg runs by its plan, the outputs become the MP3."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from functions.convert import outputs, protection, tags, verdict
from functions.convert.assembly import TooLongError
from functions.convert.command import command
from functions.convert.cores import Cores
from functions.convert.planner import Planner
from functions.convert.runner import Runner
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Workspace
from functions.convert.stitch import SeamError
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason


@dataclass(frozen=True)
class Encoded:
    """An MP3's length in seconds, the tags of its video, and whether some of the video's sound is not in it."""

    seconds: float
    tags: dict[str, str]
    incomplete: bool = False


class Encoder:
    def __init__(self, sandbox: Sandbox, others_wait: Callable[[], bool] = lambda: False) -> None:
        """While `others_wait`, a conversion has one core: the others need theirs."""
        self._sandbox = sandbox
        self._others_wait = others_wait
        self._cores = Cores()

    def encode(
        self, workspace: Workspace, heartbeat: Callable[[float], None], spent: Callable[[float], None]
    ) -> Encoded | Reason:
        """Write the MP3; return what is known about it, or why the video has none.

        Calls `heartbeat` with the progress (0 to 1, never less than before) at least once a second; an exception from
        it ends ffmpeg. Calls `spent` with the seconds of CPU time that ffmpeg took, however it ended.
        Raises OSError when the video is not at fault.
        """
        heartbeat = _rising(heartbeat)
        planner = Planner(workspace.video, self._free, lambda: heartbeat(0))
        runner = Runner(self._sandbox, self._cores, workspace, spent)
        first: Reason | None = None
        while True:
            transcript = Transcript()
            made = _try(planner, runner, workspace, transcript, heartbeat)
            if made is None:
                continue
            reason = made if isinstance(made, Reason) else None
            first = first or reason
            if not planner.again(transcript, reason):
                break
        if not isinstance(made, Reason):
            # An Ogg has no tags but those of its streams. Elsewhere they are the name of the track.
            source = workspace.track_tags if transcript.format == "ogg" else workspace.tags
            kept = tags.read(_head(source), latin1=tags.says_latin1(_head(workspace.video)))
            return Encoded(made, kept, planner.lost(transcript))
        if first is verdict.DAMAGED and protection.encrypted(workspace.video):
            return verdict.ENCRYPTED
        return first or made

    def _free(self) -> int:
        return 1 if self._others_wait() else self._cores.free()


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1 << 16)


def _try(
    planner: Planner, runner: Runner, workspace: Workspace, transcript: Transcript, heartbeat: Callable[[float], None]
) -> float | Reason | None:
    """Run ffmpeg by the plan; return the MP3's length in seconds, why there is none, or None if there is a new plan."""
    with outputs.of(planner.plan, workspace, transcript) as made:

        def goes_on() -> bool:
            heartbeat(made.go_on())
            return planner.fits(transcript)

        # By names within the workspace, as ffmpeg's user may have no way to it from the root folder.
        video, tags_, track, *mp3s = (
            path.relative_to(workspace.folder)
            for path in (workspace.video, workspace.tags, workspace.track_tags, *made.files)
        )
        try:
            code = runner.run(command(planner.plan, video, mp3s, tags_, track), transcript, goes_on)
            transcript.listed = True
            if code is None or not planner.fits(transcript):
                return None
            result = made.end(code)
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
