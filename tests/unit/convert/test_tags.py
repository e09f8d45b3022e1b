import pytest

from functions.convert import tags


def test_keeps_title_artist_and_album_alone() -> None:
    """Where it was filmed and what the author noted are left out."""
    text = ";FFMETADATA1\ntitle=A\nartist=B\nlocation=+12.3+45.6/\ncomment=secret\nalbum=C\nencoder=D\n"
    assert tags.read(text) == {"title": "A", "artist": "B", "album": "C"}


def test_reads_what_stands_after_a_backslash() -> None:
    """Equals signs, semicolons, hashes, backslashes and newlines come back as they were."""
    assert tags.read(";FFMETADATA1\ntitle=a \\= b\\; \\# \\\\ c\\\nd\n") == {"title": "a = b; # \\ c\nd"}


def test_the_sound_has_its_say_after_the_video() -> None:
    """Ogg keeps its tags on the stream: they count where the video itself says nothing."""
    text = ";FFMETADATA1\nTITLE=of the video\n[STREAM]\ntitle=of the sound\nArtist=of the sound\n"
    assert tags.read(text) == {"title": "of the video", "artist": "of the sound"}


def test_a_chapter_is_no_title() -> None:
    """A chapter's title is not the video's."""
    assert tags.read(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\ntitle=Chapter 1\n") == {}


def test_a_key_or_value_cannot_fake_another_tag() -> None:
    """An escaped newline inside a value begins no tag."""
    assert tags.read(";FFMETADATA1\ncomment=x\\\ntitle=fake\n") == {}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("line", ["title=", "", "=", "#"])
def test_a_tag_of_newlines_is_soon_read(line: str) -> None:
    """30,000 of them, cut off in mid-escape as only the file's start is read, take no time to speak of."""
    assert not any(name for name in tags.read(line + "\\\n" * 30_000 + "\\") if name != "title")


def test_no_tags_are_no_bytes() -> None:
    """An MP3 without tags begins with its sound."""
    assert tags.id3({}) == b""


def test_writes_id3() -> None:
    """A frame carries UTF-8, and sizes have seven bits a byte."""
    written = tags.id3({"title": "é" * 100})
    assert written == b"ID3\x04\x00\x00\x00\x00\x01\x53" + b"TIT2\x00\x00\x01\x49\x00\x00\x03" + "é".encode() * 100
