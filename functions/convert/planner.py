"""Finds the plan that fits a video, by what ffmpeg's log shows about it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from functions.convert import deal, plan, tracks, verdict
from functions.convert.loudness import METER, Gain
from functions.convert.parts import CHANGES, UNSAID, Cut, cut
from functions.convert.plan import WHOLE, Heard, Key, Part, Plan
from functions.convert.span import Ends, Measure, Span
from functions.convert.transcript import Transcript
from functions.convert.wanted import ANYTHING, Wanted
from functions.shared.job.document import Reason

MAX_RUNS = 16  # of ffmpeg for one video
LONG_SECONDS = 240  # of sound: for less, a second start and a second encoder cost more than they save
MAX_LOST_PACKETS = 10  # a quarter of a second: less is what the edges of a recording lose
OF_A_TRACK = {verdict.DAMAGED, verdict.UNSUPPORTED, verdict.ENCRYPTED}  # another track may be well


class Planner:
    """`plan`: the one to be tried next. Most videos need the first only, and one run of ffmpeg.

    `refused`: why the video cannot give what is wanted, once that is known. `span`: of the sound, that the MP3 has.
    """

    def __init__(
        self, video: Path, free: Callable[[], int], heartbeat: Callable[[], None], wanted: Wanted = ANYTHING
    ) -> None:
        """`free` returns how many cores this conversion may use now; `heartbeat` is called while the video is read."""
        self.plan = Plan(quality=wanted.encoding)
        self.refused: Reason | None = None
        self.span: Span | None = None
        self._wanted = wanted
        self._ends = Ends(wanted.start, wanted.end)
        self._gain = Gain(wanted)
        self._video = video
        self._free = free
        self._heartbeat = heartbeat
        self._encoders = 0  # 0: nobody has asked yet
        self._plain = False
        self._runs = 2  # the first one, and a copy or a deal that may be in vain
        self._cut: Cut | None = None  # None: nobody has looked yet
        self._heard: Heard = defaultdict(set)
        self._failed: set[Key] = set()

    def fits(self, transcript: Transcript) -> bool:
        """Return whether the plan fits what this run has shown so far.

        Otherwise `plan` is a better one now, or the video is `refused`.
        """
        if not transcript.listed:
            return True
        one = len(transcript.streams) == 1 and transcript.streams[0].layout
        certain = one and transcript.format not in UNSAID
        if not certain and self._has_parts(transcript):
            return False
        if transcript.format and not transcript.streams and not self.plan.deep:
            return not self._next(replace(self.plan, deep=True))
        for key, layouts in transcript.heard.items():
            self._heard[key] |= layouts
        return not self._replan(transcript)

    def plainly(self) -> None:
        """Make a plan without a copy or a deal, which was tried in vain."""
        self._plain = True
        self.plan = replace(self.plan, copied=False, deal=None)

    def measured(self, transcript: Transcript) -> bool:
        """Take what a run by the plan has measured; return whether `plan` is the next one."""
        kind, measure = transcript.format, self.plan.measure
        if measure is Measure.LOUDNESS:
            self._gain.measured(transcript.loudness, transcript.peak)
        elif measure:
            rates = {layout.rate for key in self.plan.streams for layout in transcript.heard[key]}
            seconds = transcript.samples.get(0, 0) / max(rates, default=1)
            self._ends.measured(measure, kind, transcript.frames, seconds)
        return self._replan(transcript)

    def again(self, transcript: Transcript, reason: Reason | None) -> bool:
        """Return whether ffmpeg, which has ended, may get more of the sound by `plan`, a new one then.

        `reason` is why there is no MP3, None if there is one.
        """
        if reason is verdict.TOO_LONG or self.refused:
            return False
        # The sound may end before its span begins, though the video does not.
        if reason is verdict.DAMAGED and self.span and not transcript.errors and self._ends.need_length():
            return self._replan(transcript)
        suspect = transcript.errors or transcript.ignored or transcript.stopped or reason in OF_A_TRACK
        if suspect and self._has_parts(transcript):
            return True
        if reason not in OF_A_TRACK:
            return False
        if self.plan.parts != WHOLE:
            self._cut = Cut(WHOLE, whole=False)
            return self._begin(WHOLE)
        self._failed |= self.plan.streams
        self._ends = Ends(self._wanted.start, self._wanted.end)  # of another stream
        self._gain = Gain(self._wanted)
        silent = {stream.key for stream in transcript.streams if not stream.layout}
        if silent & self.plan.streams:  # one without a packet was the best, so no other one of these has any either
            self._failed |= silent
        return self._replan(transcript)

    def has_to_check(self, seconds: float) -> bool:
        """Return whether an MP3 of so many seconds has to be measured."""
        return self._gain.has_to_check(seconds)

    def checked(self, mp3: Transcript, transcript: Transcript) -> bool:
        """Take what was measured of the MP3; return whether it is to be made again, after a run by `plan`."""
        return self._gain.checked(mp3.loudness, mp3.peak) and self._replan(transcript)

    def lost(self, transcript: Transcript) -> bool:
        """Return whether the MP3 of the last run lacks some of the video's sound."""
        uncut = not self._cut.whole if self._cut else transcript.ignored > 0
        return transcript.errors > MAX_LOST_PACKETS or transcript.stopped or uncut

    def _has_parts(self, transcript: Transcript) -> bool:
        """Look once for the parts of the video; return whether there are several, which `plan` has then."""
        if self._cut or transcript.format not in CHANGES:
            return False
        self._cut = cut(self._video, transcript.format, self._heartbeat)
        return self._cut.parts != WHOLE and self._begin(self._cut.parts)

    def _begin(self, parts: tuple[Part, ...]) -> bool:
        self._heard.clear()
        self._ends = Ends(self._wanted.start, self._wanted.end)
        self._gain = Gain(self._wanted)
        return self._next(Plan(parts, quality=self._wanted.encoding))

    def _replan(self, transcript: Transcript) -> bool:
        found = self._found(transcript)
        if self.refused:
            return True
        if found is None:
            return False
        found = replace(found, deep=self.plan.deep)
        first = frozenset(stream.key for stream in transcript.streams[:1])
        if found == replace(self.plan, streams=self.plan.streams or first):
            self.plan = found
            return False
        return self._next(found)

    def _found(self, transcript: Transcript) -> Plan | None:
        """Return the plan for what is known so far, perhaps one that measures; None if no stream is left."""
        track = self._wanted.track
        if track and transcript.streams and not tracks.asked(transcript.streams, track):
            self.refused = tracks.missing(track, transcript.streams)
            return None
        brand = transcript.brand in {"", "qt"} and transcript.format.startswith("mov")
        camera = (brand or transcript.format.startswith("mxf")) and not track
        make = partial(plan.make, self.plan.parts, transcript.streams, self._heard, self._failed, camera=camera)
        found = make(wanted=self._wanted)
        if found is None or not (self._ends.asked or self._wanted.loudness):
            return found and self._how(found, transcript, transcript.duration)
        if self._ends.asked:
            whole = self.plan.parts == WHOLE
            if measure := self._ends.lacks(transcript.format if whole else "", transcript.duration):
                return self._measuring(measure, found)
            span = self._ends.span()
            if isinstance(span, Reason):
                self.refused = span
                return None
            self.span = span
        found = make(wanted=self._wanted, span=self.span, gain=self._gain)
        if found and not self._gain.known:
            meter = f"{found.graph};[sound]{METER.format('sample')}[measured]"
            return replace(found, graph=meter, measure=Measure.LOUDNESS)
        return found and self._how(found, transcript, found.seconds or transcript.duration)

    def _measuring(self, measure: Measure, found: Plan) -> Plan:
        """Return a plan that measures the ends of the sound, those of the first stream if it has several."""
        seek, filters = self._ends.filters(measure)
        part, index = min(found.streams)
        graph = f"[{part}:{index}]{','.join(filters)}[measured]"
        return Plan(found.parts, graph, frozenset({(part, index)}), seek=seek, measure=measure)

    def _how(self, found: Plan, transcript: Transcript, seconds: float) -> Plan:
        """Return the plan with a copy or a deal, if it can have one."""
        if self._plain or found.parts != WHOLE:
            return found
        mp3 = {s.codec for s in transcript.streams if s.key in found.streams} == {"mp3"}
        if mp3 and not found.graph and not self._wanted.sound:
            return replace(found, copied=True)
        if seconds < LONG_SECONDS or self._wanted.kbps:  # the padding of a constant bitrate depends on a frame's number
            return found
        self._encoders = self._encoders or self._free()  # the plan stays when other conversions begin or end
        return replace(found, deal=deal.of(seconds, self._encoders)) if self._encoders > 1 else found

    def _next(self, found: Plan) -> bool:
        if not found.measure:  # their number has a limit of its own
            if self._runs == MAX_RUNS:
                return False
            self._runs += 1
        self.plan = found
        return True
