"""Finds the plan that fits a video, by what ffmpeg's log shows about it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from functions.convert import deal, plan, tracks, verdict
from functions.convert.loudness import Gain
from functions.convert.measures import Measures
from functions.convert.parts import CHANGES, UNSAID, Cut, cut
from functions.convert.plan import WHOLE, Heard, Key, Part, Plan
from functions.convert.span import Span
from functions.convert.streams import UNKNOWN, Stream
from functions.convert.transcript import Transcript
from functions.convert.wanted import ANYTHING, Wanted
from functions.shared.job.document import Reason

MAX_RUNS = 16  # of ffmpeg for one video
LONG_SECONDS = 240  # of sound: for less, a second start and a second encoder cost more than they save
MAX_LOST_PACKETS = 10  # a quarter of a second: less is what the edges of a recording lose
OF_A_TRACK = {verdict.DAMAGED, verdict.UNSUPPORTED, verdict.ENCRYPTED}  # another track may be well


class Planner:
    """`plan`: the one to be tried next. Most videos need the first only, and one run of ffmpeg.

    `refused`: why the video cannot give what is wanted, once that is known. `measures`: of the sound that is converted.
    """

    def __init__(
        self, video: Path, free: Callable[[], int], heartbeat: Callable[[], None], wanted: Wanted = ANYTHING
    ) -> None:
        """`free` returns how many cores this conversion may use now; `heartbeat` is called while the video is read."""
        self.plan = Plan(quality=wanted.encoding)
        self.refused: Reason | None = None
        self.measures = Measures(wanted)
        self._wanted = wanted
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
        """Take what a run by the plan has measured; return whether `plan` is the next one, False without any sound."""
        self.measures.take(self.plan, transcript)
        if self.measures.empty:
            return False
        return self._replan(transcript)

    def again(self, transcript: Transcript, reason: Reason | None) -> bool:
        """Return whether ffmpeg, which has ended, may get more of the sound by `plan`, a new one then.

        `reason` is why there is no MP3, None if there is one.
        """
        if reason is verdict.TOO_LONG or self.refused:
            return False
        # The sound may end before its span begins, though the video does not.
        if reason is verdict.DAMAGED and not transcript.errors and self.measures.need_length():
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
        self.measures = Measures(self._wanted)  # of another stream
        silent = {stream.key for stream in transcript.streams if not stream.layout}
        if silent & self.plan.streams:  # one without a packet was the best, so no other one of these has any either
            self._failed |= silent
        return self._replan(transcript)

    def checked(self, mp3: Transcript, transcript: Transcript) -> bool:
        """Take what was measured of the MP3 of a run by `plan`; return whether it is to be made again."""
        return self.measures.check(mp3) and self._replan(transcript)

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
        self.measures = Measures(self._wanted)
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
        parts, track = self.plan.parts, self._wanted.track
        streams = transcript.streams or self._unlisted()
        by_part = [[stream for stream in streams if stream.part == part] for part in range(len(parts))]
        if track and streams and not any(tracks.asked(those, track) for those in by_part):
            self.refused = tracks.missing(track, by_part[0])
            return None
        brand = transcript.brand in {"", "qt"} and transcript.format.startswith("mov")
        camera = (brand or transcript.format.startswith("mxf")) and not track

        def make(span: Span | None, gain: Gain) -> Plan | None:
            known = parts, streams, self._heard, self._failed
            return plan.make(*known, camera=camera, wanted=self._wanted, span=span, gain=gain)

        kind = transcript.format if parts == WHOLE else ""
        found = self.measures.plan(make, kind, transcript.duration)
        self.refused = self.measures.refused
        return found if found is None or found.measure else self._how(found, transcript)

    def _unlisted(self) -> list[Stream]:
        """Return the streams that are decoded but that no line of the log describes: a language may break its line."""
        heard = {key: min(layouts, key=str) for key, layouts in self._heard.items() if layouts}
        return [Stream(*key, "", UNKNOWN, frozenset(), layout) for key, layout in heard.items()]

    def _how(self, found: Plan, transcript: Transcript) -> Plan:
        """Return the plan with a copy or a deal, if it can have one."""
        seconds = found.seconds or transcript.duration
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
