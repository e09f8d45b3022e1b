import pytest

from functions.convert import tags
from functions.convert.id3 import MAX_CHAPTERS


def test_only_tags_that_an_mp3_has_are_kept() -> None:
    """Location and encoder are left out."""
    text = b";FFMETADATA1\ntitle=A\nartist=B\nlocation=+12.3+45.6/\ncomment=c\nalbum=C\nencoder=D\n"
    assert tags.read(text).tags == {"title": "A", "artist": "B", "comment": "c", "album": "C"}


def test_escaped_characters_are_unescaped() -> None:
    """Escaped equals signs, semicolons, hashes, backslashes and newlines are restored."""
    assert tags.read(b";FFMETADATA1\ntitle=a \\= b\\; \\# \\\\ c\\\nd\n").tags == {"title": "a = b; # \\ c\nd"}


@pytest.mark.parametrize(
    ("title", "album", "codepage"),
    [
        ("Café Zürich am See", "Été", "cp1252"),
        ("日本の映画", "アルバム", "shift-jis"),
        ("Летний отпуск", "Лето", "koi8-r"),
        ("Мой фильм", "Летний отпуск", "cp1251"),
    ],
)
def test_texts_of_an_unnamed_code_page_are_decoded_together(title: str, album: str, codepage: str) -> None:
    """One short text is not enough to detect the code page."""
    lines = (b"title=" + title.encode(codepage), b"album=" + album.encode(codepage))
    assert tags.read(b";FFMETADATA1\n" + b"\n".join(lines) + b"\n").tags == {"title": title, "album": album}


def test_chapters_have_times_in_seconds_and_titles() -> None:
    """A chapter's title is not taken for the video's; a chapter without times is left out."""
    chapters = b"[CHAPTER]\nTIMEBASE=1/1000000000\nSTART=0\nEND=1500000000\ntitle=One\n"
    chapters += b"[CHAPTER]\nTIMEBASE=1/0\nSTART=1\nEND=2\n[CHAPTER]\nTIMEBASE=1/50\nSTART=75\nEND=100\n"
    read = tags.read(b";FFMETADATA1\n" + chapters)
    assert read.tags == {}
    assert read.chapters == [tags.Chapter(0, 1.5, "One"), tags.Chapter(1.5, 2, "")]


def test_chapters_are_limited_in_number() -> None:
    chapter = b"[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\n"
    assert len(tags.read(b";FFMETADATA1\n" + 1500 * chapter).chapters) == MAX_CHAPTERS


def test_key_or_value_cannot_forge_another_tag_or_chapter() -> None:
    """An escaped newline inside a value does not begin another line."""
    forged = tags.read(b";FFMETADATA1\nencoder=x\\\ntitle=fake\\\n[CHAPTER]\\\nTIMEBASE=1/1\n")
    assert forged == tags.Metadata()


@pytest.mark.timeout(10)
@pytest.mark.parametrize("line", ["title=", "", "=", "#"])
def test_tag_of_30000_newlines_is_read_fast(line: str) -> None:
    """A value of 30,000 escaped newlines, truncated within an escape, is read in linear time."""
    assert tags.read((line + "\\\n" * 30_000 + "\\").encode()).tags.keys() <= {"title"}
