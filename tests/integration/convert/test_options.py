"""Each option alone and each pair of options, on one film with two tracks, tags, a picture and chapters.

What the MP3 has to have follows from the options by `Expected`; Debian's ffmpeg and mutagen read what it has.
"""

from itertools import combinations
from pathlib import Path

import pytest
from mutagen.mp3 import BitrateMode

from functions.convert.encoder import Encoded
from functions.shared.job.options import Options
from tests.integration.convert.hearing import Heard, Listener, info
from tests.integration.convert.recordings import Recordings, channels

SECONDS = 8
COVER = "-f lavfi -i testsrc=s=120x120 -frames:v 1"
CHAPTERS = [("One", 0, 3000), ("Zwei é", 3000, 5500), ("Three", 5500, 8000)]
TEXTS = {"TIT2": "Film", "TPE1": "Ärtist", "TALB": "Album", "TRCK": "3/12", "TCON": "Jazz", "TYER": "2019"}
COMMENT = "as it was"
FRAMES = {"title": "TIT2", "artist": "TPE1", "album": "TALB", "genre": "TCON", "year": "TYER"}

VALUES = {
    "quality": ("0", "48k", "320k", "9", "source"),
    "channels": ("mono", "stereo", "source"),
    "sample_rate": ("44100", "16000", "source"),
    "start": ("1.5", "-6.25", "0:02.001"),
    "end": ("6.25", "-0.75"),
    "loudness": ("-16", "-23.5"),
    "track": ("1", "de", "eng"),
    "title": ("Ünder", ""),
    "artist": ("Somebody", ""),
    "album": ("", "An album"),
    "genre": ("Rock", ""),
    "year": ("1999", ""),
    "comment": ("mine", ""),
    "keep": ("cover", "tags,chapters", ""),
}
SINGLES = [{name: value} for name, values in VALUES.items() for value in values]
PAIRS = [
    {one: VALUES[one][turn % len(VALUES[one])], other: VALUES[other][turn // 2 % len(VALUES[other])]}
    for turn, (one, other) in enumerate(combinations(VALUES, 2))
]
ALL = [
    {"quality": "128k", "channels": "mono", "sample_rate": "32000", "start": "0:01", "end": "-1", "loudness": "-20"}
    | {"track": "ger", "title": "T", "artist": "A", "album": "B", "genre": "G", "year": "2000", "comment": "c"}
    | {"keep": "cover,chapters"}
]


class Expected:
    def __init__(self, options: dict[str, str]) -> None:
        asked = Options.parse(options.items())
        german = asked.track in {"1", "de", "ger"}
        self.channels = {"mono": 1, "stereo": 2}.get(asked.channels or "", 1 if german else 2)
        self.rate = int(asked.sample_rate) if asked.sample_rate not in {None, "source"} else 48000
        self.kbps = int(asked.quality[:-1]) if asked.quality and asked.quality.endswith("k") else None
        if (self.kbps or 0) > 160 and self.rate < 32000:
            self.rate *= 2
        start, end = (None if time is None else float(time) for time in (asked.start, asked.end))
        self.start = (start or 0) + (SECONDS if (start or 0) < 0 else 0)
        self.end = SECONDS if end is None else end + (SECONDS if end < 0 else 0)
        self.loudness = None if asked.loudness is None else float(asked.loudness)
        # Of each channel: the tone and its level.
        self.tones = [(1320, -20.0)] * self.channels if german else [(440, -20.0), (880, -20.0)]
        if self.channels == 1 and not german:
            self.tones = [(440, -26.0), (880, -26.0)]
        keep = {"tags", "cover", "chapters"} if asked.keep is None else set(asked.keep.split(","))
        language = "ger" if german else "eng"
        own = {FRAMES[name]: options[name] for name in FRAMES if name in options}
        self.texts = {name: text for name, text in ((TEXTS if "tags" in keep else {}) | own).items() if text}
        if "tags" in keep:
            self.texts["TLAN"] = language
        self.comment = options.get("comment", COMMENT if "tags" in keep else "")
        self.cover = "cover" in keep
        self.chapters = [
            (title, max(0, begin - self._ms(self.start)), min(end, self._ms(self.end)) - self._ms(self.start))
            for title, begin, end in CHAPTERS
            if "chapters" in keep and end > self._ms(self.start) and begin < self._ms(self.end)
        ]

    @staticmethod
    def _ms(seconds: float) -> int:
        return round(seconds * 1000)


@pytest.fixture(scope="session")
def film(recordings: Recordings) -> Path:
    """Make two tracks of 8 s, in English with a tone left and another right, and in German with one channel."""
    lines = [f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={title}" for title, start, end in CHAPTERS]
    tags = f"title=Film\nartist=Ärtist\nalbum=Album\ntrack=3/12\ngenre=Jazz\ndate=2019-05-06\ncomment={COMMENT}"
    meta = recordings.bytes("meta.txt", "\n".join((";FFMETADATA1", tags, *lines, "")).encode())
    cover = recordings.make("cover.jpg", COVER)
    sides = "|".join(f"0.1414*sin({tone}*2*PI*t)" for tone in (440, 880))
    return recordings.make(
        "film.mkv",
        f"{channels(sides, 'stereo', SECONDS)} {channels('0.1414*sin(1320*2*PI*t)', 'mono', SECONDS)}"
        f" -f lavfi -i testsrc2=size=96x64:rate=25:duration={SECONDS} -f ffmetadata -i {meta}"
        " -map 2 -map 0 -map 1 -map_metadata 3 -map_chapters 3 -c:v mpeg4 -c:a flac"
        " -metadata:s:a:0 language=eng -metadata:s:a:1 language=ger -disposition:a:0 default"
        f" -attach {cover} -metadata:s:t mimetype=image/jpeg",
    )


@pytest.mark.parametrize("options", [*SINGLES, *PAIRS, *ALL], ids=str)
def test_mp3_is_what_the_options_say(
    listener: Listener, recordings: Recordings, film: Path, options: dict[str, str]
) -> None:
    heard, expected = listener.hear(film, **options), Expected(options)
    seconds = expected.end - expected.start
    assert heard.rate == expected.rate
    assert heard.channels == expected.channels
    assert heard.samples == round(seconds * expected.rate)
    assert heard.encoded.seconds == pytest.approx(seconds, abs=0.001)
    _check_sound(heard, expected)
    _check_bitrate(heard, expected)
    assert heard.texts == expected.texts
    assert [str(frame) for frame in heard.tag.getall("COMM")] == [expected.comment] * bool(expected.comment)
    pictures = [frame.data for frame in heard.tag.getall("APIC")]
    assert pictures == [recordings.make("cover.jpg", COVER).read_bytes()] * expected.cover
    assert heard.chapters == expected.chapters


@pytest.mark.parametrize("options", [{}, {"quality": "0"}, {"quality": "64k"}, {"channels": "mono"}], ids=str)
@pytest.mark.parametrize("samples", [57_601, 57_646, 57_647, 5_000, 100])
def test_players_play_exactly_the_samples_of_any_length(
    listener: Listener, recordings: Recordings, samples: int, options: dict[str, str]
) -> None:
    """ffmpeg's own header counts up to 46 too many if the last frame has as few."""
    words = f"-f lavfi -i sine=440:r=48000:d=2 -ac 2 -af atrim=end_sample={samples}"
    heard = listener.hear(recordings.make(f"{samples}.wav", words), **options)
    assert heard.samples == samples
    assert heard.encoded.seconds == pytest.approx(samples / 48000, abs=1e-6)


def _check_sound(heard: Heard, expected: Expected) -> None:
    loudness, peak = heard.measured
    if expected.loudness is not None:
        assert loudness == pytest.approx(expected.loudness, abs=0.5)
        assert peak <= -1
        return
    for number, (tone, level) in enumerate(expected.tones):
        assert heard.level(tone, min(number, expected.channels - 1)) == pytest.approx(level, abs=1)


def _check_bitrate(heard: Heard, expected: Expected) -> None:
    frames = info(heard.mp3)
    if expected.kbps:
        assert (frames.bitrate_mode, frames.bitrate) == (BitrateMode.CBR, expected.kbps * 1000)
    else:
        assert frames.bitrate_mode == BitrateMode.VBR
    assert isinstance(heard.encoded, Encoded)
