"""What has to be known of a sound before it becomes what is wanted: where it ends, and how loud it is.

Runs of ffmpeg that write no MP3 find it out, one after the other.
"""

from collections.abc import Callable
from dataclasses import replace

from functions.convert.command import MAX_SOUND_SECONDS
from functions.convert.loudness import METER, Gain
from functions.convert.plan import Plan
from functions.convert.span import Ends, Measure, Span
from functions.convert.transcript import Transcript
from functions.convert.wanted import Wanted
from functions.shared.job.document import Reason

# As `-t` of a run that writes an MP3.
LONGEST = f"atrim=duration={MAX_SOUND_SECONDS + 1}"


class Measures:
    """`span`: what the MP3 has of the sound. `refused`: why it can have none of it."""

    def __init__(self, wanted: Wanted) -> None:
        self.span: Span | None = None
        self.refused: Reason | None = None
        self._ends = Ends(wanted.start, wanted.end)
        self._gain = Gain(wanted)

    def plan(self, make: Callable[[Span | None, Gain], Plan | None], kind: str, duration: float) -> Plan | None:
        """Return the plan for what is known so far, perhaps one that measures; None if there is none.

        `make` makes a plan for a sound in ffmpeg's format `kind`, "" if it cannot be seeked in, of this declared
        `duration` in seconds.
        """
        if self._ends.asked and (whole := make(None, self._gain)):
            if measure := self._ends.lacks(kind, duration):
                return self._measuring(measure, whole)
            found = self._ends.span()
            self.span, self.refused = (None, found) if isinstance(found, Reason) else (found, None)
        plan = None if self.refused else make(self.span, self._gain)
        if plan is None or self._gain.known:
            return plan
        meter = METER.format("sample")
        return replace(plan, graph=f"{plan.graph};[sound]{LONGEST},{meter}[measured]", measure=Measure.LOUDNESS)

    def take(self, plan: Plan, transcript: Transcript) -> None:
        """Take what a run by the plan has measured."""
        if plan.measure is Measure.LOUDNESS:
            self._gain.measured(transcript.loudness, transcript.peak)
        elif plan.measure:
            rates = {layout.rate for key in plan.streams for layout in transcript.heard[key]}
            seconds = transcript.samples.get(0, 0) / max(rates, default=1)
            self._ends.measured(plan.measure, transcript.format, transcript.frames, seconds)

    @property
    def empty(self) -> bool:
        """Whether the length of the sound was measured, and nothing of it can be decoded."""
        return self._ends.empty

    def need_length(self) -> bool:
        """Let the length of the sound be measured, if its span may be behind it; return whether it was not yet."""
        return self.span is not None and self._ends.need_length()

    def has_to_check(self, seconds: float) -> bool:
        """Return whether an MP3 of so many seconds has to be measured too."""
        return self._gain.has_to_check(seconds)

    def check(self, mp3: Transcript) -> bool:
        """Take what was measured of the MP3; return whether it has to be made again."""
        return self._gain.checked(mp3.loudness, mp3.peak)

    def _measuring(self, measure: Measure, whole: Plan) -> Plan:
        """Return a plan that measures the ends of the sound, those of the first stream if it has several."""
        seek, filters = self._ends.filters(measure)
        part, index = min(whole.streams)
        graph = f"[{part}:{index}]{','.join((*filters, LONGEST))}[measured]"
        return Plan(whole.parts, graph, frozenset({(part, index)}), seek=seek, measure=measure)
