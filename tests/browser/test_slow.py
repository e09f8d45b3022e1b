"""The page on a slow network, its cache cold."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor, on_slow_3g, until
from tests.support.person import Person


@pytest.fixture
def short_film(tmp_path: Path) -> Path:
    """A video of about 100 kB with sound."""
    path = tmp_path / "short.mp4"
    picture, sound = ["-f", "lavfi", "-i", "testsrc=duration=6:size=160x120:rate=5"], ["-f", "lavfi", "-i", "sine=d=6"]
    subprocess.run(["ffmpeg", "-v", "error", *picture, *sound, "-c:v", "mpeg4", str(path)], check=True)
    return path


def test_page_works_on_a_slow_network(visitor: Visitor, person: Person, short_film: Path) -> None:
    """From the first visit to an MP3, with the upload's progress shown on the way."""
    page = visitor.open(prepare=on_slow_3g)
    visitor.sign_in(page, person)
    page.locator("input[type=file]").set_input_files(short_film)
    progress = "document.querySelector('.uploads progress')"
    until(page, f"{progress}?.value > 0 && {progress}.value < {progress}.max")
    expect(page.get_by_text("Ready")).to_be_visible(timeout=60_000)


def test_modules_are_asked_for_at_once(visitor: Visitor) -> None:
    """The last one before the first one has arrived, however deep the imports are: a chain costs a round trip each."""
    page = visitor.open(prepare=on_slow_3g)
    modules = page.evaluate(
        """() => performance.getEntriesByType('resource')
            .filter(({ name }) => name.endsWith('.js') && !/words\\/|tus\\.js/.test(name))
            .map(({ startTime, responseEnd }) => [startTime, responseEnd])"""
    )
    assert len(modules) > 10
    assert max(start for start, _ in modules) < min(end for _, end in modules)
