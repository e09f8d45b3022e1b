"""The list of decoders against the installed ffmpeg."""

import subprocess

from functions.convert.binary import FFMPEG
from functions.convert.command import DECODERS


def test_every_decoder_on_the_list_is_one_of_ffmpegs() -> None:
    """A name that no decoder has lets nothing in: `g726` is the decoder of the codec `adpcm_g726`."""
    listed = subprocess.run([FFMPEG, "-v", "error", "-decoders"], check=True, capture_output=True, text=True).stdout
    sounds = {line.split()[1] for line in listed.splitlines() if line.startswith(" A")}
    assert set(DECODERS.split()) <= sounds
