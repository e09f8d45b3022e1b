"""Tags are read back by ffprobe and by mutagen's reader, which know nothing of how they were made."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mutagen.id3 import ID3, CTOCFlags

from functions.convert.id3 import MAX_CHAPTERS, MAX_COVER_BYTES, Chapter, Tag

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)


@pytest.fixture
def read(tmp_path: Path, clip_mp3: bytes) -> Any:
    def of(tag: Tag) -> tuple[ID3, dict[str, Any]]:
        mp3 = tmp_path / "tagged.mp3"
        mp3.write_bytes(tag.bytes() + clip_mp3)
        words = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_chapters", str(mp3)]
        return ID3(mp3, translate=False), json.loads(subprocess.check_output(words))

    return of


@pytest.fixture(scope="session")
def clip_mp3(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    mp3 = tmp_path_factory.mktemp("clip") / "clip.mp3"
    sound = ["-f", "lavfi", "-i", "sine=d=2", "-id3v2_version", "0", str(mp3)]
    subprocess.run(["ffmpeg", "-v", "error", *sound], check=True)
    return mp3.read_bytes()


def test_texts_are_utf16_of_id3v23(read: Any) -> None:
    """Every player reads that, also what is not Latin."""
    texts = {"TIT2": "Caf\u00e9 \u6620\u753b", "TPE1": "A", "TALB": "B", "TRCK": "3/9", "TYER": "1999", "TCON": "Rock"}
    mutagen, ffprobe = read(Tag(texts, comment="two\nlines", language="deu"))
    assert mutagen.version == (2, 3, 0)
    assert {name: str(frame) for name, frame in mutagen.items()} == texts | {"TLAN": "deu", "COMM::deu": "two\nlines"}
    assert all(frame.encoding == 1 for frame in mutagen.values())
    found = ffprobe["format"]["tags"]
    expected = {"title": texts["TIT2"], "date": "1999", "track": "3/9", "genre": "Rock", "comment": "two\nlines"}
    assert expected.items() <= found.items()


@pytest.mark.parametrize(("picture", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg")])
def test_picture_is_copied(read: Any, picture: bytes, kind: str) -> None:
    """Its kind is that of its own signature."""
    mutagen, _ = read(Tag(cover=picture))
    assert (mutagen["APIC:"].data, mutagen["APIC:"].mime, mutagen["APIC:"].type) == (picture, kind, 3)


@pytest.mark.parametrize("picture", [b"GIF89a" + bytes(100), b"", b"<svg/>", JPEG.ljust(MAX_COVER_BYTES + 1, b"x")])
def test_other_or_large_picture_is_left_out(picture: bytes) -> None:
    assert Tag(cover=picture).bytes() == b""


def test_chapters_have_times_and_titles_in_order(read: Any) -> None:
    """As many as there may be; long titles do not change the order."""
    chapters = [Chapter(n, n + 1, f"Chapter {n} " + "x" * (n % 7)) for n in range(MAX_CHAPTERS + 5)]
    mutagen, ffprobe = read(Tag({"TIT2": "Film"}, chapters=chapters))
    kept = chapters[:MAX_CHAPTERS]
    assert [_of_ffprobe(chapter) for chapter in ffprobe["chapters"]] == kept
    top = mutagen["CTOC:toc"]
    names = [name for table in top.child_element_ids for name in mutagen[f"CTOC:{table}"].child_element_ids]
    found = [mutagen[f"CHAP:{name}"] for name in names]
    assert [Chapter(chap.start_time, chap.end_time, str(chap.sub_frames["TIT2"])) for chap in found] == kept
    assert top.flags == CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED


def test_few_chapters_have_one_table_of_contents(read: Any) -> None:
    """A chapter without a title has none."""
    mutagen, _ = read(Tag(chapters=[Chapter(0, 500, ""), Chapter(500, 2000, "End")]))
    (contents,) = mutagen.getall("CTOC")
    assert contents.child_element_ids == ["chp0", "chp1"]
    assert not mutagen["CHAP:chp0"].sub_frames


def _of_ffprobe(chapter: dict[str, Any]) -> Chapter:
    start, end = (round(float(chapter[key]) * 1000) for key in ("start_time", "end_time"))
    return Chapter(start, end, chapter["tags"]["title"])


def test_nothing_to_write_is_no_tag() -> None:
    """An MP3 without tags begins with its first frame."""
    assert Tag().bytes() == b""
