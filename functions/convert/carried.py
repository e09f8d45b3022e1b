"""What an MP3 carries beside its sound: the video's tags, cover and chapters, and what the caller's options say."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from functions.convert import id3, tags, tracks
from functions.convert.command import cover
from functions.convert.plan import Plan
from functions.convert.scratch import Workspace
from functions.convert.span import Span
from functions.convert.streams import UNKNOWN
from functions.convert.tags import Metadata
from functions.convert.transcript import Transcript
from functions.shared.job.options import PARTS, Options

FRAMES = {"title": "TIT2", "artist": "TPE1", "album": "TALB", "track": "TRCK", "genre": "TCON", "year": "TYER"}
OWN_TEXTS = {"title", "artist", "album", "genre", "year", "comment"}  # options; `track` is another thing there
MAX_METADATA_BYTES = 4 << 20
MAX_HEAD_BYTES = 1 << 16

_YEAR = re.compile(r"\d{4}", re.ASCII)
_TRACK = re.compile(r"\d{1,4}(/\d{1,4})?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{3}", re.ASCII)


class Carried:
    """`beside` runs ffmpeg for anything but the sound."""

    def __init__(
        self,
        workspace: Workspace,
        transcript: Transcript,
        options: Options,
        beside: Callable[[list[str]], Transcript],
    ) -> None:
        self._workspace = workspace
        self._transcript = transcript
        self._options = options
        self._keep = PARTS if options.keep is None else options.keep.split(",")
        self._beside = beside

    def tag(self, plan: Plan, span: Span | None, seconds: float) -> bytes:
        """Return the ID3v2 tag of an MP3 that is so many seconds long and was made by the plan."""
        found = self._metadata()
        texts = self._asked(_texts(found.tags) if "tags" in self._keep else {})
        return id3.Tag(
            texts={FRAMES[name]: text for name, text in texts.items() if name in FRAMES},
            comment=texts.get("comment", ""),
            language=self._language(plan) if "tags" in self._keep else "",
            cover=self._cover() if "cover" in self._keep else b"",
            chapters=self._chapters(found, span or Span(), seconds) if "chapters" in self._keep else (),
        ).bytes()

    def _metadata(self) -> Metadata:
        # An Ogg has no tags but those of its streams. Elsewhere they are the name of the track.
        workspace, ogg = self._workspace, self._transcript.format == "ogg"
        latin1 = tags.says_latin1(_head(workspace.video, MAX_HEAD_BYTES))
        found = tags.read(_head(workspace.tags, MAX_METADATA_BYTES), latin1=latin1)
        if not ogg:
            return found
        return replace(found, tags=tags.read(_head(workspace.track_tags, MAX_METADATA_BYTES), latin1=latin1).tags)

    def _asked(self, texts: dict[str, str]) -> dict[str, str]:
        """Return the texts with those of the options, without those that are empty then."""
        asked = {name: text for name, text in self._options.words().items() if name in OWN_TEXTS}
        return {name: text for name, text in (texts | asked).items() if text}

    def _language(self, plan: Plan) -> str:
        """Return the code of ISO 639-2 of the audio stream that was converted, "" if there is none."""
        keys = plan.streams or {stream.key for stream in self._transcript.streams[:1]}
        stream = next((stream.language for stream in self._transcript.streams if stream.key in keys), UNKNOWN)
        language = stream if _LANGUAGE.fullmatch(stream) else tracks.code(stream)
        return language if _LANGUAGE.fullmatch(language) and language != UNKNOWN else ""

    def _chapters(self, found: Metadata, span: Span, seconds: float) -> list[id3.Chapter]:
        """Return the chapters within the MP3, moved to their times in it.

        ffmpeg's times count from where it seeked to, and from the first timestamp. An MP3's own chapters do not.
        """
        moved = span.seek - span.start + (self._transcript.start if self._transcript.format == "mp3" else 0)
        chapters = list[id3.Chapter]()
        for chapter in found.chapters:
            start, end = max(0.0, chapter.start + moved), min(seconds, chapter.end + moved)
            if start < end:
                chapters.append(id3.Chapter(round(start * 1000), round(end * 1000), chapter.title))
        return chapters

    def _cover(self) -> bytes:
        """Return the attached picture, no bytes if there is none or it is too large."""
        video, picture = self._workspace.video, self._workspace.cover
        if self._transcript.picture is not None:
            self._beside(
                cover(self._workspace.inside(video), self._transcript.picture, self._workspace.inside(picture))
            )
        return _head(picture, id3.MAX_COVER_BYTES + 1) if picture.exists() else b""


def _texts(found: dict[str, str]) -> dict[str, str]:
    texts = {name: text for name, text in found.items() if name in FRAMES or name == "comment"}
    year = _YEAR.match(found.get("year", "")) or _YEAR.match(found.get("date", ""))
    number = _TRACK.fullmatch(found.get("track", ""))
    return texts | {"year": year[0] if year else "", "track": number[0] if number else ""}


def _head(file: Path, size: int) -> bytes:
    with file.open("rb") as opened:
        return opened.read(size)
