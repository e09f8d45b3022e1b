"""Long sound is encoded by several encoders; players get what one encoder makes."""

import subprocess
from pathlib import Path

import pytest

from functions.convert import command, planner, stitch
from functions.convert.cores import Cores
from functions.convert.crc import crc
from functions.convert.frames import Format
from functions.convert.transcript import Transcript
from tests.integration.convert.encoding import Encode, Encoded

SECONDS = 41
LEFT = "anoisesrc=a=0.3:r={rate}:d={seconds}:seed=1,tremolo=f=0.4:d=0.9[left]"
RIGHT = "anoisesrc=a=0.2:r={rate}:d={seconds}:seed=2:c=pink[right]"
SOUND = f"{LEFT};{RIGHT};[left][right]amerge"
KINDS = {
    "aac.mp4": (44100, ["-c:a", "aac"]),
    "opus.mkv": (48000, ["-c:a", "libopus", "-ac", "1"]),
    "vorbis.ogg": (32000, ["-c:a", "libvorbis"]),
    "pcm.wav": (22050, ["-c:a", "pcm_s16le"]),
    "surround.flac": (44100, ["-c:a", "flac", "-ac", "6"]),
}


def made(path: Path, rate: int, words: list[str], seconds: float = SECONDS) -> Path:
    sound = SOUND.format(rate=rate, seconds=seconds)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", sound, *words, str(path)], check=True)
    return path


def decoded(file: Path) -> bytes:
    decode = ["ffmpeg", "-v", "error", "-xerror", "-i", str(file), "-map", "0:a", "-f", "s16le", "-"]
    return subprocess.run(decode, check=True, capture_output=True).stdout


def by_several(transcripts: list[Transcript]) -> bool:
    """Whether the last run of ffmpeg had several encoders."""
    return len(transcripts) == 2 and len(transcripts[-1].samples) > 1


@pytest.fixture
def encode_with(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> "EncodeWith":
    monkeypatch.setattr(planner, "LONG_SECONDS", SECONDS - 1)
    return EncodeWith(encode, monkeypatch)


class EncodeWith:
    """Encodes as if this conversion might use so many cores."""

    def __init__(self, encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
        self._encode = encode
        self._monkeypatch = monkeypatch

    def __call__(self, cores: int, file: Path, *, others_wait: bool = False) -> Encoded:
        self._monkeypatch.setattr(Cores, "free", lambda _self: cores)
        return self._encode(file, others_wait=others_wait)


@pytest.mark.parametrize("kind", KINDS)
def test_sound_does_not_depend_on_the_number_of_encoders(
    encode_with: EncodeWith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The MP3s of 2, 3 and 8 encoders are equal; decoded, they are what one encoder without the bit reservoir makes."""
    video = made(tmp_path / kind, *KINDS[kind])
    encoded = [encode_with(cores, video) for cores in (2, 3, 8)]
    assert all(by_several(found.transcripts) for found in encoded)
    assert len({found.mp3 for found in encoded}) == 1
    mp3, one = tmp_path / "several.mp3", tmp_path / "one.mp3"
    mp3.write_bytes(encoded[0].mp3)
    monkeypatch.setitem(command.WRITING, "reservoir", 0)
    one.write_bytes(encode_with(1, video).mp3)
    assert decoded(mp3) == decoded(one)
    assert mp3.stat().st_size < one.stat().st_size


@pytest.mark.parametrize("more", [1, 20, 46, 47, 600])
def test_tag_has_the_exact_length(encode_with: EncodeWith, tmp_path: Path, more: int) -> None:
    """Also where ffmpeg counts up to 46 samples of padding too few; the bytes and both CRCs are right."""
    samples = 1152 * 1600 + more
    video = made(tmp_path / "film.wav", 44100, ["-c:a", "pcm_s16le"], samples / 44100)
    encoded = encode_with(2, video)
    assert by_several(encoded.transcripts)
    assert encoded.result == samples / 44100
    mp3 = tmp_path / "made.mp3"
    mp3.write_bytes(encoded.mp3)
    assert len(decoded(mp3)) == 4 * samples
    form = Format(encoded.mp3[:4])
    size, tag = form.size(encoded.mp3[:4]), 4 + form.side
    assert int.from_bytes(encoded.mp3[tag + 12 : tag + 16], "big") == len(encoded.mp3)
    assert int.from_bytes(encoded.mp3[tag + 152 : tag + 154], "big") == crc(encoded.mp3[size:])
    assert int.from_bytes(encoded.mp3[tag + 154 : tag + 156], "big") == crc(encoded.mp3[: tag + 154])


def test_short_sound_has_one_encoder(encode_with: EncodeWith, tmp_path: Path) -> None:
    """A second start of ffmpeg would cost more than it saves."""
    assert len(encode_with(2, made(tmp_path / "short.wav", 44100, [], SECONDS - 2)).transcripts) == 1


def test_conversion_that_has_one_core_has_one_encoder(encode_with: EncodeWith, tmp_path: Path) -> None:
    """Its CPU limit says so, or another conversion runs."""
    assert len(encode_with(1, made(tmp_path / "long.wav", 44100, [])).transcripts) == 1


def test_conversion_that_others_wait_for_has_one_encoder(encode_with: EncodeWith, tmp_path: Path) -> None:
    """They take the other cores, on this node or another, and would have to share them."""
    assert len(encode_with(2, made(tmp_path / "long.wav", 44100, []), others_wait=True).transcripts) == 1


def test_sound_that_changes_on_the_way_has_one_encoder(encode_with: EncodeWith, tmp_path: Path) -> None:
    """Blocks of different rates cannot be dealt; nothing of the sound is lost."""
    parts = [made(tmp_path / f"{rate}.ts", rate, ["-c:a", "aac"], 25) for rate in (44100, 48000)]
    mixed = tmp_path / "mixed.ts"
    mixed.write_bytes(b"".join(part.read_bytes() for part in parts))
    planner.LONG_SECONDS = 1
    encoded = encode_with(2, mixed)
    assert len(encoded.transcripts) == 4  # the last with one rate for both
    assert encoded.result == pytest.approx(50, abs=0.2)


def test_seam_that_does_not_hold_means_one_encoder(
    encode_with: EncodeWith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames that an encoder writes before it is warm differ from its neighbour's."""
    monkeypatch.setattr(stitch, "WARM", 0)
    encoded = encode_with(2, made(tmp_path / "long.wav", 44100, []))
    assert len(encoded.transcripts) == 3
    assert encoded.result == SECONDS
