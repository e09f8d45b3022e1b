"""Whose fault it is when there is no MP3, and how a person is told."""

import errno
import re
import signal

from functions.convert.command import LONGEST
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason

NO_AUDIO = Reason(
    "no_audio", "The video has no sound track, so there is nothing to make an MP3 of. Upload one that has sound."
)
NOT_A_VIDEO = Reason(
    "not_a_video", "The file is not a video of a kind that we know. Upload an MP4, MOV, MKV, WebM, AVI or the like."
)
DAMAGED = Reason(
    "damaged", "The video is damaged or incomplete: its sound cannot be read. Check that it plays, and upload it again."
)
ENCRYPTED = Reason(
    "encrypted", "The video is encrypted (copy protection), so its sound cannot be read. Upload one without protection."
)
TOO_LONG = Reason(
    "too_long", "The sound is longer than 8 hours or takes too long to convert. Cut the video and upload the parts."
)
UNSUPPORTED = Reason(
    "unsupported", "The sound is in a format that we cannot read. Upload the video as MP4 with AAC sound, for example."
)
MISSING = Reason("missing", "The video is no longer stored here. Please upload it again.")

# Signals that a file brings about: by what the sandbox grants, and by a fault in ffmpeg. Any other came from outside.
LIMITS = {signal.SIGXCPU, signal.SIGXFSZ}
CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS, signal.SIGSYS}
HARD_EXIT = 123  # ffmpeg's own answer to the fourth signal; only the limit of CPU time sends that many

# ffmpeg 5 to 7; the integration tests hold them to the installed one.
_SAYS = [
    (re.compile(r"Output file .*does not contain any stream"), NO_AUDIO),
    (re.compile(r"Format not on whitelist"), NOT_A_VIDEO),
    (re.compile(r"Error while opening decoder|Decoder \(codec .*\) not found"), UNSUPPORTED),
    (re.compile(r"DRM protected"), ENCRYPTED),
]
# With no word before it of a format that was recognised.
_UNKNOWN = re.compile(r"file:.*: Invalid data found when processing input")
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded")


def judge(code: int, transcript: Transcript, seconds: float) -> Reason | None:
    """Return why ffmpeg made no MP3 by the file's fault, None if it made one of so many `seconds`.

    Raises OSError when the file is not to blame: the disk is full, or ffmpeg was killed.
    """
    if any(_DISK_FULL.search(line) for line in transcript.complaints):
        raise OSError(errno.ENOSPC, "the scratch folder is full")
    killer = transcript.stopped or max(0, -code)
    if seconds > LONGEST or code == HARD_EXIT or killer in LIMITS:
        return TOO_LONG
    if killer and killer not in CRASHES:
        raise ChildProcessError(f"ffmpeg was killed by signal {killer}")
    if code == 0 and seconds > 0:
        return None
    for pattern, reason in _SAYS:
        if any(pattern.search(line) for line in transcript.complaints):
            return reason
    unknown = transcript.complaints and _UNKNOWN.match(transcript.complaints[0])
    return NOT_A_VIDEO if unknown else DAMAGED
