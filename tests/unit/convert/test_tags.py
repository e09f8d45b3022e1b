import pytest

from functions.convert import tags


def test_only_title_artist_and_album_are_kept() -> None:
    """Location and comment are left out."""
    text = b";FFMETADATA1\ntitle=A\nartist=B\nlocation=+12.3+45.6/\ncomment=secret\nalbum=C\nencoder=D\n"
    assert tags.read(text) == {"title": "A", "artist": "B", "album": "C"}


def test_escaped_characters_are_unescaped() -> None:
    """Escaped equals signs, semicolons, hashes, backslashes and newlines are restored."""
    assert tags.read(b";FFMETADATA1\ntitle=a \\= b\\; \\# \\\\ c\\\nd\n") == {"title": "a = b; # \\ c\nd"}


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
    assert tags.read(b";FFMETADATA1\n" + b"\n".join(lines) + b"\n") == {"title": title, "album": album}


def test_chapter_title_is_ignored() -> None:
    """The title of a chapter is not taken for the video's title."""
    assert tags.read(b";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\ntitle=Chapter 1\n") == {}


def test_key_or_value_cannot_forge_another_tag() -> None:
    """An escaped newline inside a value does not begin another tag."""
    assert tags.read(b";FFMETADATA1\ncomment=x\\\ntitle=fake\n") == {}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("line", ["title=", "", "=", "#"])
def test_tag_of_30000_newlines_is_read_fast(line: str) -> None:
    """A value of 30,000 escaped newlines, truncated within an escape, is read in linear time."""
    assert not any(name for name in tags.read((line + "\\\n" * 30_000 + "\\").encode()) if name != "title")


def test_no_tags_make_no_bytes() -> None:
    """An MP3 without tags begins with its first frame."""
    assert tags.id3({}) == b""


def test_tags_are_written_as_id3() -> None:
    """Frames contain UTF-8, and sizes have seven bits per byte."""
    written = tags.id3({"title": "é" * 100})
    assert written == b"ID3\x04\x00\x00\x00\x00\x01\x53" + b"TIT2\x00\x00\x01\x49\x00\x00\x03" + "é".encode() * 100
