"""Which audio streams of a video become the MP3, and by which filters.

The first plan fits most videos: the first audio stream, as it is. ffmpeg's log shows whether it fits this one: it lists
the streams before it decodes, and each change of the sound as it comes.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from functions.convert import mix, tracks
from functions.convert.deal import Deal
from functions.convert.loudness import NO_GAIN, Gain
from functions.convert.span import COUNTED, Measure, Span
from functions.convert.streams import IMPAIRED, Layout, Stream
from functions.convert.wanted import ANYTHING, Wanted

# The number of the input and the index of the stream in it.
Key = tuple[int, int]
# The layouts that were decoded of each stream.
Heard = defaultdict[Key, set[Layout]]

# Time counts decoded samples: a video's timestamps may jump by hours.
PLAIN = f"aformat=sample_rates={'|'.join(map(str, mix.MP3_RATES))},{COUNTED}"


@dataclass(frozen=True)
class Part:
    """The bytes of a video that are an input of their own: from `start` to `end`, 0 for the end of the file."""

    start: int = 0
    end: int = 0


WHOLE = (Part(),)


@dataclass(frozen=True)
class Plan:
    """`streams`: those that are converted; without any, the first audio stream.

    `graph` is a filter graph whose output is `[sound]`; without one, the one stream is filtered by PLAIN, or `copied`,
    as it is MP3 already. With a `deal`, several encoders have what the filters make, else one. `deep`: ffmpeg looks for
    streams as far into the video as its memory allows. `seek`: where ffmpeg begins to read, in seconds. `seconds`: the
    length of the MP3 if the options say it, else 0. `measure`: what a run without an MP3 finds out, from `[measured]`.
    `quality`: an option of the encoder and its value.
    """

    parts: tuple[Part, ...] = WHOLE
    graph: str = ""
    streams: frozenset[Key] = frozenset()
    copied: bool = False
    deal: Deal | None = None
    deep: bool = False
    seek: int = 0
    seconds: float = 0.0
    measure: Measure | None = None
    quality: tuple[str, str | int] = ANYTHING.encoding


def make(  # all that is known of a sound
    parts: tuple[Part, ...],
    streams: Sequence[Stream],
    heard: Heard,
    failed: Collection[Key] = (),
    *,
    camera: bool = False,
    wanted: Wanted = ANYTHING,
    span: Span | None = None,
    gain: Gain = NO_GAIN,
) -> Plan | None:
    """Return the plan for a video with these streams; None if no stream is left.

    `failed` are the streams that cannot be decoded. With `camera`, two mono tracks of a kind are the left and the right
    channel. `span` is what is converted of the sound, and `gain` the one that is known so far.
    """
    chosen: list[list[Stream]] = []
    for part in range(len(parts)):
        usable = [stream for stream in streams if stream.part == part]
        if wanted.track:
            usable = tracks.asked(usable, wanted.track)
        usable = [stream for stream in usable if stream.key not in failed]
        if len(parts) > 1:
            usable = [stream for stream in usable if stream.layout]  # others have no packet in this part
        before = chosen[-1][0].language if chosen else None
        if best := _best(usable, before, camera=camera):
            chosen.append(best)
    if not chosen:
        return None
    # What is stated counts until something is heard: an FLV states stereo of any AAC.
    layouts = [heard[found[0].key] or set(filter(None, [found[0].layout])) for found in chosen]
    keys = frozenset(stream.key for found in chosen for stream in found)
    everything = set().union(*layouts)
    mono = wanted.channels == 1
    several = any(len(found) > 1 for found in chosen) or any(layout.channels > 1 for layout in everything)
    stereo = not mono and (wanted.channels == 2 or several)
    mixed = [mix.filters(found, stereo=stereo, mono=mono) for found in layouts]
    rates = {layout.rate for layout in everything}
    rate = wanted.sample_rate(mix.rate(rates))
    own = rates <= {rate} if wanted.rate or wanted.kbps else min(rates, default=rate) >= mix.MP3_RATES[0]
    whole = len(parts) == 1 and len(keys) == 1 and len(rates) <= 1
    if whole and own and not (mixed[0] or span or wanted.loudness):
        return Plan(streams=keys, quality=wanted.encoding)
    head = span.filters(counted=len(layouts[0]) == 1) if span and len(parts) == 1 else []
    tail = [*(span.filters(counted=True) if span and len(parts) > 1 else ()), *gain.filters(rate)]
    end = f"aformat=sample_fmts=fltp:sample_rates={rate}:channel_layouts={'stereo' if stereo else 'mono'}"
    mean = [mix.MEAN] if mono else []
    chains = [_chain(n, found, head, [*(mean if len(found) > 1 else mixed[n]), end]) for n, found in enumerate(chosen)]
    joined = "".join(f"[part{n}]" for n in range(len(chains)))
    joined += ",".join((f"concat=n={len(chains)}:v=0:a=1", COUNTED, *tail))
    graph = ";".join((*chains, f"{joined}[sound]"))
    seek, seconds = (span.seek, span.seconds) if span else (0, 0.0)
    return Plan(parts, graph, keys, seek=seek, seconds=seconds, quality=wanted.encoding)


def _best(streams: Sequence[Stream], language: str | None, *, camera: bool) -> list[Stream]:
    """Return the best stream, the two mono streams of a camera, or nothing of nothing.

    A default stream comes first, then one that is not for the impaired nor a comment, then one in the language of the
    part before, then the one with the most channels.
    """

    def rank(stream: Stream) -> tuple[bool, bool, bool, int]:
        other = language not in {None, stream.language}
        return "default" not in stream.flags, bool(stream.flags & IMPAIRED), other, -stream.channels

    if not streams:
        return []
    best = min(streams, key=rank)
    if camera and best.channels == 1:
        return [stream for stream in streams if stream.alike(best)][:2]
    return [best]


def _chain(number: int, streams: Sequence[Stream], head: Sequence[str], filters: Sequence[str]) -> str:
    """Return the filters from the streams of one part to `[partN]`."""
    inputs = [f"[{part}:{index}]" for part, index in (stream.key for stream in streams)]
    if len(inputs) == 1:
        return f"{inputs[0]}{','.join((*head, *filters))}[part{number}]"
    sides = (
        f"{source}{','.join((*head, f'pan=stereo|c{side}=c0'))}[side{number}{side}]"
        for side, source in enumerate(inputs)
    )
    both = ",".join(("amix=normalize=0", *filters))
    return ";".join((*sides, f"[side{number}0][side{number}1]{both}[part{number}]"))
