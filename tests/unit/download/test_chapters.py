import pytest

from functions.convert.id3 import Chapter, Tag
from functions.download.chapters import HEAD_BYTES, MAX_TAG_BYTES, read, tag_size


def head(size: int) -> bytes:
    """Return the head of a tag of so many bytes after it: seven bits in each of four bytes."""
    return b"ID3\3\0\0" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0))


@pytest.mark.parametrize("size", [0, 1, 127, 128, 5_000_000, MAX_TAG_BYTES - HEAD_BYTES])
def test_size_of_a_tag_is_read(size: int) -> None:
    """With its head."""
    assert tag_size(head(size)) == HEAD_BYTES + size


@pytest.mark.parametrize("start", [head(MAX_TAG_BYTES), head((1 << 28) - 1), b"", b"ID3", b"\xff\xfb" + bytes(8)])
def test_too_large_a_tag_is_none(start: bytes) -> None:
    """Nor is what does not begin with one."""
    assert tag_size(start) == 0


def test_chapters_are_sorted_by_their_times() -> None:
    chapters = [Chapter(2000, 3000, "b"), Chapter(0, 2000, "a")]
    assert [chapter["title"] for chapter in read(Tag(chapters=chapters).bytes())] == ["a", "b"]


@pytest.mark.parametrize("tag", [b"", b"ID3", b"ID3\3\0\0\0\0\0\x20CHAP", bytes(100)])
def test_damaged_tag_has_no_chapters(tag: bytes) -> None:
    assert read(tag) == []
