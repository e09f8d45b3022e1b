"""Whatever is asked of whatever file, there is a right MP3 or a reason."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.convert.encoder import Encoded
from functions.shared.job.options import BITRATES, OPTIONS, PARTS, RATES, OptionRefused, Options
from tests.integration.convert.hearing import Listener, decoded, info
from tests.integration.convert.recordings import PICTURE, Recordings, channels, tone

LANGUAGES = "-metadata:s:a:0 language=eng -metadata:s:a:1 language=deu"
FILES = {
    "aac.mp4": f"{PICTURE} {tone()} -c:v mpeg4 -c:a aac",
    "opus.webm": f"{PICTURE} {tone()} -c:v libvpx -c:a libopus",
    "two.mkv": f"{tone(440)} {tone(880)} -map 0 -map 1 -c:a ac3 {LANGUAGES}",
    "mp3.mp4": f"{PICTURE} {tone()} -c:v mpeg4 -c:a libmp3lame",
    "mp3.avi": f"{PICTURE} {tone()} -c:v mpeg4 -c:a libmp3lame",
    "ac3.avi": f"{PICTURE} {tone()} -c:v mpeg4 -c:a ac3",
    "mp2.ts": f"{PICTURE} {tone()} -c:v mpeg2video -c:a mp2",
    "mp2.mpg": f"{PICTURE} {tone()} -c:v mpeg2video -c:a mp2",
    "aac.flv": f"{PICTURE} {tone()} -c:v flv1 -c:a aac",
    "wma.asf": f"{PICTURE} {tone()} -c:v msmpeg4 -c:a wmav2",
    "song.mp3": f"{tone()} -metadata title=Song",
    "song.flac": tone(),
    "song.ogg": f"{tone()} -c:a libvorbis -metadata title=Song",
    "low.wav": "-f lavfi -i sine=440:r=8000:d=3",
    "high.wav": "-f lavfi -i sine=440:r=96000:d=3 -c:a pcm_s24le",
    "surround.mov": f"{channels('|'.join(['0.8*sin(440*2*PI*t)'] * 6), '5.1')} -c:a pcm_s16le",
    "short.wav": tone(seconds=0.05),
    "silent.mp4": "-f lavfi -i anullsrc=r=44100:d=3 -c:a aac",
    "picture.mp4": f"{PICTURE} -c:v mpeg4",
}
TIMES = st.sampled_from(["0", "0.5", "1.25", "2.999", "5", "300", "-0.5", "-2", "-100", "0:01", "1:00:00"])
SOME = {
    "quality": st.sampled_from(["source", *"0123456789", *BITRATES]),
    "channels": st.sampled_from(["source", "mono", "stereo"]),
    "sample_rate": st.sampled_from(["source", *RATES]),
    "start": TIMES,
    "end": TIMES,
    "loudness": st.integers(-30, -6).map(str),
    "track": st.sampled_from(["0", "1", "999", "de", "eng", "pt-BR", "xx"]),
    "keep": st.lists(st.sampled_from(PARTS)).map(",".join),
    "year": st.sampled_from(["", "1999"]),
}
SOME |= {name: st.text("aé猫 =;#\\", max_size=20) for name in OPTIONS if name not in SOME}


@pytest.fixture(scope="module")
def files(recordings: Recordings) -> list[Path]:
    made = [recordings.make(name, words) for name, words in FILES.items()]
    return [*made, recordings.bytes("noise.mp4", bytes(range(256)) * 40)]


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(choice=st.data())
def test_any_options_of_any_file_end_in_an_mp3_or_a_reason(
    listener: Listener, files: list[Path], choice: st.DataObject
) -> None:
    """The MP3 decodes without an error, and its length is what was said."""
    file = choice.draw(st.sampled_from(files))
    options = choice.draw(st.fixed_dictionaries({}, optional=SOME))
    try:
        Options.parse(options.items())
    except OptionRefused:
        return
    ended, mp3, progress, _ = listener.encode(file, **options)
    assert progress == sorted(progress)
    if isinstance(ended, Encoded):
        assert len(decoded(mp3)) // 2 == round(ended.seconds * info(mp3).sample_rate)
    else:
        assert ended.code in {"no_such_part", "no_such_track", "no_audio", "not_a_video"}
