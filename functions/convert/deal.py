"""Deals the sound of one video to several encoders, in one ffmpeg process with an output for each.

The sound is cut into blocks of whole MP3 frames (asetnsamples). Segments of some blocks go to the encoders in turn
(aselect), each with the block before it, which lets the encoder warm up. Each encoder has a filter graph of its own,
whose queue holds two segments, so that the others do not wait for it: ffmpeg 7.1 and later run filter graphs and
encoders in threads (https://ffmpeg.org/ffmpeg.html#Detailed-description). No encoder uses the bit reservoir, which
would carry state from frame to frame: two encoders then write the same frames once both are warm.

https://ffmpeg.org/ffmpeg-filters.html#asetnsamples, https://ffmpeg.org/ffmpeg-filters.html#select_002c-aselect
"""

from dataclasses import dataclass
from math import ceil

BLOCK_SAMPLES = 1152 * 128  # LAME's threshold of hearing may fall for 95 frames
MAX_BLOCKS = 16  # of a segment
# Frames of a segment. ffmpeg's queue in front of a filter graph has room for 8, two segments: with one, encoders wait
# for each other. The longest two take 37 MB for stereo.
FRAMES = 4
RATE = 48000  # the highest of an MP3

# What ffmpeg itself would convert to in front of the encoder, made before the cuts.
SHAPE = "aformat=s32p|fltp|s16p:44100|48000|32000|22050|24000|16000:mono|stereo"


@dataclass(frozen=True)
class Deal:
    """Segments of so many blocks, to so many encoders in turn."""

    encoders: int
    blocks: int


def of(seconds: float, encoders: int) -> Deal:
    """Return a deal with which all encoders have as many segments of sound of this length. No MP3 depends on it."""
    blocks = ceil((seconds + 1) * RATE / BLOCK_SAMPLES)
    rounds = ceil(blocks / encoders / MAX_BLOCKS)
    return Deal(encoders, max(4, ceil(blocks / encoders / rounds)))


def graphs(source: str, deal: Deal) -> list[str]:
    """Return the filter graphs from the source, such as `[0:1]anull`, to `[e0]`, `[e1]` and so on."""
    dealt = f"{source},{SHAPE},asetpts=N/SR/TB,asetnsamples={BLOCK_SAMPLES}:p=0,asplit={deal.encoders}"
    dealt += "".join(f"[s{encoder}]" for encoder in range(deal.encoders))
    for encoder in range(deal.encoders):
        mine = f"aselect='{_mine(encoder, deal)}'"
        dealt += f";[s{encoder}]{mine},asetnsamples={ceil(BLOCK_SAMPLES * deal.blocks / FRAMES)}:p=0[q{encoder}]"
    return [dealt, *(f"[q{encoder}]anull[e{encoder}]" for encoder in range(deal.encoders))]


def _mine(encoder: int, deal: Deal) -> str:
    """Return an expression that is true for the blocks of every N-th segment, and for the one before each.

    Block 0 goes to all, as an encoder without any sound would be an error.
    """
    in_turn = f"lte(mod(n+1-{encoder * deal.blocks},{deal.encoders * deal.blocks}),{deal.blocks})"
    return f"{in_turn}+eq(n,0)" if encoder else in_turn
