"""Videos whose sound is MP3: it is copied, frame by frame, and players get as many samples as from the video."""

import subprocess
from pathlib import Path

import pytest

from functions.convert.binary import FFMPEG
from functions.convert.crc import crc
from functions.convert.frames import Format
from tests.integration.convert.encoding import Encode
from tests.support.clips import Clips

KINDS = ["mp3", "mp4", "mov", "mkv", "avi", "ts", "flv", "wav", "asf"]


def samples(file: Path, ffmpeg: str = "ffmpeg") -> int:
    """Return the number of samples that an ffmpeg decodes."""
    decode = [ffmpeg, "-v", "error", "-i", str(file), "-map", "0:a:0", "-f", "s16le", "-ac", "1", "-"]
    return len(subprocess.run(decode, check=True, capture_output=True).stdout) // 2


def sound(mp3: bytes) -> bytes:
    """Return the frames, without ffmpeg's tag and the silent frame that may follow it."""
    form = Format(mp3[:4])
    for _ in range(2):
        size = form.size(mp3[:4])
        if any(mp3[4 + form.side + 4 : size]) and not {b"Xing", b"Info"} & {mp3[4 + form.side : 8 + form.side]}:
            break
        mp3 = mp3[size:]
    return mp3


def packets(file: Path) -> bytes:
    """Return the video's MP3 frames as ffmpeg reads them."""
    copy = ["ffmpeg", "-v", "error", "-i", str(file), "-map", "0:a:0", "-c", "copy", "-f", "data", "-"]
    return subprocess.run(copy, check=True, capture_output=True).stdout


def check_tag(mp3: bytes) -> None:
    """Check what the tag says about the file: its frames and bytes, and both CRCs."""
    form = Format(mp3[:4])
    size, tag = form.size(mp3[:4]), 4 + form.side
    assert int.from_bytes(mp3[tag + 12 : tag + 16], "big") == len(mp3)
    assert int.from_bytes(mp3[tag + 148 : tag + 152], "big") == len(mp3)
    assert int.from_bytes(mp3[tag + 152 : tag + 154], "big") == crc(mp3[size:])
    assert int.from_bytes(mp3[tag + 154 : tag + 156], "big") == crc(mp3[: tag + 154])


@pytest.mark.parametrize("kind", KINDS)
def test_mp3_sound_is_copied_with_its_exact_length(encode: Encode, clips: Clips, tmp_path: Path, kind: str) -> None:
    """The frames are the video's; two versions of ffmpeg decode as many samples of the MP3 as of the video."""
    video = clips.mp3_sound(kind)
    encoded = encode(video)
    assert len(encoded.transcripts) == 2
    check_tag(encoded.mp3)
    assert sound(encoded.mp3) == packets(video)
    made = tmp_path / "made.mp3"
    made.write_bytes(encoded.mp3)
    assert encoded.result == samples(made) / 44100
    assert samples(made, str(FFMPEG)) == samples(made) == samples(video, str(FFMPEG))


@pytest.mark.parametrize(
    "words", [("-b:a", "128k"), ("-ar", "22050"), ("-ac", "2"), ("-ar", "24000", "-b:a", "24k"), ("-reservoir", "0")]
)
def test_copy_of_every_mode_has_its_exact_length(
    encode: Encode, clips: Clips, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Constant bitrate, MPEG-2, stereo, frames of their own: from AVI, which does not say where the sound begins."""
    tmp = Clips(tmp_path)
    video = tmp.mp3_sound("avi", *words)
    encoded = encode(video)
    assert sound(encoded.mp3) == packets(video)
    made = tmp_path / "made.mp3"
    made.write_bytes(encoded.mp3)
    assert samples(made) == samples(video)


def test_sound_of_another_codec_needs_one_run_of_ffmpeg(encode: Encode, clips: Clips) -> None:
    """Only MP3 is looked at twice."""
    assert len(encode(clips.video()).transcripts) == 1


def _broken(mp3: bytes) -> dict[str, bytes]:
    """Return MP3s that are not whole, by what happened to them."""
    form, frames = Format(mp3[:4]), []
    while mp3:
        size = form.size(mp3[:4])
        frames.append(mp3[:size])
        mp3 = mp3[size:]
    noise = bytes(range(1, 200)) * 3
    return {
        "noise among the frames": b"".join([*frames[:60], noise, *frames[60:]]),
        "frames lost": b"".join(frame for number, frame in enumerate(frames) if number % 7 != 3),
        "its first frames lost": b"".join(frames[2:]),
        "cut in the last frame": b"".join(frames)[:-20],
    }


@pytest.mark.parametrize(
    "what", ["noise among the frames", "frames lost", "its first frames lost", "cut in the last frame"]
)
def test_broken_mp3_is_encoded(encode: Encode, clips: Clips, tmp_path: Path, what: str) -> None:
    """As before: the MP3 decodes without an error, and has all sound but that of the broken place."""
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(_broken(packets(clips.mp3_sound("avi")))[what])
    encoded = encode(broken)
    assert len(encoded.transcripts) == 3
    made = tmp_path / "made.mp3"
    made.write_bytes(encoded.mp3)
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", made, "-f", "null", "-"], capture_output=True, check=True
    )
    assert not decoded.stderr
    assert encoded.result == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize("words", [("-ar", "48000"), ("-ac", "2")])
def test_mixed_mp3_is_encoded(encode: Encode, clips: Clips, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Another sample rate, or stereo, from the middle on: one MP3 of one form, with all sound."""
    one, other = clips.mp3_sound("avi"), Clips(tmp_path).mp3_sound("avi", *words)
    mixed = tmp_path / "mixed.mp3"
    mixed.write_bytes(packets(one) + packets(other))
    encoded = encode(mixed)
    assert len(encoded.transcripts) == 4  # the last with the highest rate and the most channels that come
    assert encoded.result == pytest.approx(6, abs=0.2)


def test_sound_with_a_tag_of_its_own_is_encoded(encode: Encode, clips: Clips, tmp_path: Path) -> None:
    """A tag among the frames is no sound, and what it says about the sound's begin is not known to ffmpeg."""
    head, tagged = clips.mp3_sound("wav").read_bytes().partition(b"data")[0], clips.mp3_sound("mp3").read_bytes()
    video = tmp_path / "tagged.wav"
    video.write_bytes(head + b"data" + len(tagged).to_bytes(4, "little") + tagged)
    assert len(encode(video).transcripts) == 3


def test_mpeg_2_5_is_encoded(encode: Encode, tmp_path: Path) -> None:
    """Small players refuse it."""
    assert len(encode(Clips(tmp_path).mp3_sound("avi", "-ar", "11025")).transcripts) == 2
