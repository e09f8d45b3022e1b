"""The length of an MP3 made by ffmpeg, from the Xing and LAME headers in its first frame.

They count the frames, and the padding samples at both ends. The timestamps of a video may give another length, if they
jump.
"""

from pathlib import Path

from functions.convert.frames import ENDS, FRAMES, MPEG_1, RATES

MPEG_2_5 = 0


def seconds(mp3: Path) -> float:
    """Return the length of the audio in seconds; 0 if there is none, or if the first frame has no header."""
    with mp3.open("rb") as file:
        head = file.read(256)
    tag = max(head.find(b"Xing"), head.find(b"Info"))
    if tag < 0 or len(head) < tag + ENDS + 3:
        return 0.0
    version, rates = head[1] >> 3 & 3, RATES[head[2] >> 2 & 3 :]
    if not rates:  # no MPEG audio has the fourth
        return 0.0
    rate = rates[0] >> {MPEG_1: 0, MPEG_2_5: 2}.get(version, 1)
    frames = int.from_bytes(head[tag + FRAMES : tag + FRAMES + 4], "big")
    ends = int.from_bytes(head[tag + ENDS : tag + ENDS + 3], "big")  # 12 bits each
    samples = frames * (1152 if version == MPEG_1 else 576) - (ends >> 12) - (ends & 0xFFF)
    return max(0.0, samples / rate)
