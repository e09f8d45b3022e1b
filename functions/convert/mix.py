"""ffmpeg filters that make mono or stereo of any channel layout.

More than two channels are mixed with the coefficients of ITU-R BS.775: the centre and the surround channels are 3 dB
lower, the LFE is left out. No coefficient depends on the codec: swresample, which ffmpeg inserts by default, divides by
their sum for codecs of integers only. A limiter keeps the sum below full scale, at twice the rate, as the true peak may
be between two samples; 1.5 dB are left for what MP3 adds.

Channels without names have no positions: those of 6 and 8 are taken for 5.1 and 7.1, with the LFE, as no channel may be
lost. Other numbers alternate between left and right, as the pairs of a camera or a recorder do.
"""

from collections.abc import Iterable

from functions.convert.streams import Layout

MP3_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)  # without MPEG-2.5, which small players refuse
MAX_UNNAMED = 64  # channels of `pan`

# How much of each channel is in a side.
Shares = dict[str, float]

_LEFT = {"FL": 1.0, "FLC": 1.0, "DL": 1.0, "BIL": 1.0}
_LEFT |= dict.fromkeys(("BL", "SL", "WL", "SDL", "SSL", "TFL", "TBL", "TSL", "BFL", "TTL"), 0.7071)
_BOTH = {"FC": 0.7071} | dict.fromkeys(("BC", "TC", "TFC", "TBC", "BFC"), 0.5)
_AS_NAMED = {6, 8}
CEILING = -3.0  # dBFS
MEAN = "pan=mono|c0=0.5*c0+0.5*c1"


def rate(rates: Iterable[int]) -> int:
    """Return the sample rate of the MP3 for sound of these rates, in Hz: no MP3 has less than 16 kHz.

    It is the highest that comes, or the next higher one of MP3s. Below 16 kHz it is a multiple, of at least 32 kHz.
    """
    highest = max(rates, default=44_100)
    if highest < MP3_RATES[0]:
        return next((rate for rate in MP3_RATES[3:] if rate % highest == 0), 32_000)
    return next((rate for rate in MP3_RATES if rate >= highest), MP3_RATES[-1])


def limit(ceiling: float) -> str:
    """Return the filter that keeps samples below `ceiling` dBFS, without a delay."""
    return f"alimiter=limit={10 ** (ceiling / 20):.4f}:level=disabled:latency=1"


def limiter(ceiling: float, rate: int) -> list[str]:
    """Return the filters that keep the true peak of sound of this sample rate below `ceiling` dBFS."""
    return [f"aresample={2 * rate}", limit(ceiling), f"aresample={rate}"]


def filters(layouts: set[Layout], *, stereo: bool, mono: bool = False) -> list[str]:
    """Return the filters that make mono, or with `stereo` stereo, of one stream that has all these layouts in turn.

    With `mono`, what has several channels becomes the mean of left and right. None are needed for what ffmpeg does by
    itself.
    """
    if mono and {layout.channels for layout in layouts} - {1}:
        return [*filters(layouts, stereo=True), MEAN]
    names, channels = {layout.name for layout in layouts}, {layout.channels for layout in layouts}
    if channels == {1}:
        if stereo:
            return ["pan=stereo|c0=c0|c1=c0"]
        return [] if names <= {"mono", "1 channels"} else ["pan=mono|c0=c0"]
    if names <= {"stereo", "2 channels"}:
        return []
    if channels <= {1, 2}:
        return [_named({"FL": 1.0, "DL": 1.0, "BIL": 1.0}, {"FC": 1.0})]
    largest = max(layouts, key=lambda layout: layout.channels)
    if largest.name.startswith("ambisonic"):  # W and Y: two cardioids, to the left and to the right
        mixed = "pan=stereo|c0=0.7071*c0+0.7071*c1|c1=0.7071*c0-0.7071*c1"
    else:
        mixed = _named(_LEFT, _BOTH) if largest.labelled else _unnamed(min(largest.channels, MAX_UNNAMED))
    top = rate(layout.rate for layout in layouts)
    return ["aformat=sample_fmts=fltp", mixed, *limiter(CEILING, top)]


def _named(left: Shares, both: Shares) -> str:
    """`pan` ignores the names that a layout does not have."""
    right = {name.replace("L", "R"): share for name, share in left.items()}
    return f"pan=stereo|FL={_sum(left | both)}|FR={_sum(right | both)}"


def _unnamed(channels: int) -> str:
    sides: list[Shares] = [{f"c{n}": 1.0 for n in range(side, channels, 2)} for side in (0, 1)]
    if channels in _AS_NAMED:
        for side in (0, 1):
            surround = {f"c{n}": 0.7071 for n in range(4 + side, channels, 2)}
            sides[side] = {f"c{side}": 1.0, "c2": 0.7071, "c3": 0.7071} | surround
    return f"pan=stereo|c0={_sum(sides[0])}|c1={_sum(sides[1])}"


def _sum(shares: Shares) -> str:
    return "+".join(f"{share}*{name}" for name, share in shares.items())
