"""Which audio streams of a video become the MP3, and by which filters.

The first plan fits most videos: the first audio stream, as it is. ffmpeg's log shows whether it fits this one: it lists
the streams before it decodes, and each change of the sound as it comes.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from functions.convert import mix
from functions.convert.deal import Deal
from functions.convert.streams import Layout, Stream

# The number of the input and the index of the stream in it.
Key = tuple[int, int]
# The layouts that were decoded of each stream.
Heard = defaultdict[Key, set[Layout]]
IMPAIRED = {"visual impaired", "hearing impaired", "comment"}

_TIME = "asetpts=N/SR/TB"  # time counts decoded samples: a video's timestamps may jump by hours
PLAIN = f"aformat=sample_rates={'|'.join(map(str, mix.MP3_RATES))},{_TIME}"


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
    streams as far into the video as its memory allows.
    """

    parts: tuple[Part, ...] = WHOLE
    graph: str = ""
    streams: frozenset[Key] = frozenset()
    copied: bool = False
    deal: Deal | None = None
    deep: bool = False


def make(
    parts: tuple[Part, ...],
    streams: Sequence[Stream],
    heard: Heard,
    failed: Collection[Key] = (),
    *,
    camera: bool = False,
) -> Plan | None:
    """Return the plan for a video with these streams; None if no stream is left.

    `failed` are the streams that cannot be decoded. With `camera`, two mono tracks of a kind are the left and the right
    channel.
    """
    chosen: list[list[Stream]] = []
    for part in range(len(parts)):
        usable = [stream for stream in streams if stream.part == part and stream.key not in failed]
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
    stereo = any(len(found) > 1 for found in chosen) or any(layout.channels > 1 for layout in everything)
    rates = {layout.rate for layout in everything}
    whole = len(parts) == 1 and len(keys) == 1 and len(rates) <= 1
    if (
        whole
        and not mix.filters(layouts[0], stereo=stereo)
        and min(rates, default=mix.MP3_RATES[0]) >= mix.MP3_RATES[0]
    ):
        return Plan(streams=keys)
    end = f"aformat=sample_fmts=fltp:sample_rates={mix.rate(rates)}:channel_layouts={'stereo' if stereo else 'mono'}"
    chains = [_chain(n, found, mix.filters(layouts[n], stereo=stereo), end) for n, found in enumerate(chosen)]
    joined = "".join(f"[part{n}]" for n in range(len(chains)))
    return Plan(parts, ";".join((*chains, f"{joined}concat=n={len(chains)}:v=0:a=1,{_TIME}[sound]")), keys)


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


def _chain(number: int, streams: Sequence[Stream], filters: Sequence[str], end: str) -> str:
    """Return the filters from the streams of one part to `[partN]`."""
    inputs = [f"[{part}:{index}]" for part, index in (stream.key for stream in streams)]
    if len(inputs) == 1:
        return f"{inputs[0]}{','.join((*filters, end))}[part{number}]"
    sides = (f"{source}pan=stereo|c{side}=c0[side{number}{side}]" for side, source in enumerate(inputs))
    return ";".join((*sides, f"[side{number}0][side{number}1]amix=normalize=0,{end}[part{number}]"))
