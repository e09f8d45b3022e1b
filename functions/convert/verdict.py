"""Why a video has no MP3: the file is at fault and the owner gets a reason, or the file is not at fault.

Texts that ffmpeg prints choose among the reasons only, as a video can put any line among them.
"""

import signal

from functions.convert.command import MAX_SOUND_SECONDS
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason

NO_AUDIO = Reason("no_audio", "The video has no audio track. Please upload a video with sound.")
NOT_A_VIDEO = Reason(
    "not_a_video", "The file is not a supported video format. Please upload an MP4, MOV, MKV, WebM or AVI file."
)
DAMAGED = Reason(
    "damaged",
    "The video is damaged or incomplete: its audio cannot be decoded. Check that it plays, then upload it again.",
)
ENCRYPTED = Reason(
    "encrypted", "The video is encrypted (copy protection). Please upload a video without copy protection."
)
TOO_LONG = Reason(
    "too_long",
    "The audio is longer than 8 hours or takes too long to convert. Split the video and upload the parts.",
)
UNSUPPORTED = Reason(
    "unsupported",
    "The audio codec of the video is not supported. Please upload the video in another format, such as MP4 with AAC.",
)
MISSING = Reason("missing", "The video is no longer stored. Please upload it again.")

# Signals that the file causes: by the sandbox's limits, and by a crash of ffmpeg. Any other signal came from outside.
LIMIT_SIGNALS = {signal.SIGXCPU, signal.SIGXFSZ}
CRASH_SIGNALS = {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS, signal.SIGSYS}

# Parts of ffmpeg's messages; tests/integration/convert/test_messages.py has a file for each.
MESSAGES = {
    "matches no streams": NO_AUDIO,
    "Format not on whitelist": NOT_A_VIDEO,
    "Not detecting m3u8/hls": NOT_A_VIDEO,
    "Error while opening decoder": UNSUPPORTED,
    "no decoder found for": UNSUPPORTED,
    "DRM protected": ENCRYPTED,
}
# In the first complaint, so no format was recognised before it.
UNKNOWN_FORMAT = "Error opening input: Invalid data found when processing input"


def judge(code: int, transcript: Transcript, seconds: float) -> Reason | None:
    """Return why ffmpeg made no MP3 of this file, None if it made one that is `seconds` long.

    `code` is ffmpeg's exit code, negative for a signal. Raises OSError if ffmpeg was killed from outside.
    """
    killer = max(0, -code)
    if seconds > MAX_SOUND_SECONDS or killer in LIMIT_SIGNALS:
        return TOO_LONG
    if killer and killer not in CRASH_SIGNALS:
        raise ChildProcessError(f"ffmpeg was killed by signal {killer}")
    if code == 0 and seconds > 0:
        return None
    for message, reason in MESSAGES.items():
        if any(message in line for line in transcript.complaints):
            return reason
    unknown = transcript.complaints and UNKNOWN_FORMAT in transcript.complaints[0]
    return NOT_A_VIDEO if unknown else DAMAGED
