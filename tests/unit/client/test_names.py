"""Names that may contain anything."""

import pytest

from scripts.client import names

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07.mp4",
    "a\nb\r.mp4",
    "\u202egpj.mp4",
    "\u2066a\u2069\u200f.mp4",
    "\udcff\udc80.mp4",
    "a\u2028b\u0085.mp4",
    "../../etc/passwd",
    "..\\..\\a.mp4",
    "/",
    "..",
    " ",
    "",
    "\x00",
    "=?utf-8?q?=0A?=.mp4",
    "[red]a[/red].mp4",
    "-rf.mp4",
    "é" * 300 + ".mp4",
    "a." + "b" * 300,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_shown_name_is_one_printable_line(name: str) -> None:
    assert names.shown(name).isprintable()


@pytest.mark.parametrize("name", HOSTILE)
def test_name_of_an_mp3_is_a_file_name(name: str) -> None:
    made = names.of_mp3(name)
    assert made.isprintable()
    assert made.endswith(".mp3")
    assert made.strip(". ") not in {"", "mp3"}
    assert not {"/", "\\", "\0"} & set(made)
    assert len(made.encode()) <= 255


@pytest.mark.parametrize("name", HOSTILE)
def test_name_of_an_upload_is_one_that_the_service_takes(name: str) -> None:
    made = names.of_upload(name)
    assert made.strip()
    assert made.isprintable()
    assert not {"/", "\\"} & set(made)
    assert "=?" not in made
    assert len(made.encode()) <= 255


@pytest.mark.parametrize(
    ("video", "mp3"),
    [
        ("clip.mp4", "clip.mp3"),
        ("שלום.mp4", "שלום.mp3"),
        ("two.parts.mkv", "two.parts.mp3"),
        ("no suffix", "no suffix.mp3"),
        (".mp4", ".mp4.mp3"),
        ("a" * 260 + ".mp4", "a" * 251 + ".mp3"),
    ],
)
def test_mp3_has_the_name_of_its_video(video: str, mp3: str) -> None:
    assert names.of_mp3(video) == mp3


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (5_300_000, "5.3 MB"), (4e9, "4.0 GB")]
)
def test_size_is_told_in_its_unit(count: float, text: str) -> None:
    assert names.size(count) == text
