"""convert's encoder on one file, with the installed ffmpeg in the sandbox, without MongoDB."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from functions.convert import binary, command, encoder
from functions.convert.encoder import Encoder
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Scratch
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason
from functions.shared.job.options import DEFAULT


@dataclass(frozen=True)
class Encoded:
    """`result`: seconds, or why there is no MP3; `mp3`: its bytes; `transcripts`: of each run of ffmpeg."""

    result: float | Reason
    mp3: bytes
    transcripts: list[Transcript]


class Encode(Protocol):
    def __call__(self, file: Path, *, others_wait: bool = False) -> Encoded: ...


def _ignore(number: float) -> None:
    """Take part in neither progress nor CPU time."""


def encoding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Encode:
    """Return a function that encodes a file as convert does."""
    transcripts: list[Transcript] = []

    def transcript(seconds: float = 0.0) -> Transcript:
        transcripts.append(Transcript(seconds))
        return transcripts[-1]

    def encode(file: Path, *, others_wait: bool = False) -> Encoded:
        monkeypatch.setattr(encoder, "Transcript", transcript)
        transcripts.clear()
        with Scratch(folder).workspace(0) as workspace:
            workspace.video.write_bytes(file.read_bytes())
            sandbox = Sandbox(command.MAX_MP3_BYTES, binary.files(binary.FFMPEG))
            ended = Encoder(sandbox, lambda: others_wait).encode(workspace, DEFAULT, _ignore, _ignore)
            result = ended if isinstance(ended, Reason) else ended.seconds
            made = workspace.mp3.read_bytes() if workspace.mp3.exists() else b""
        return Encoded(result, made, list(transcripts))

    return encode
