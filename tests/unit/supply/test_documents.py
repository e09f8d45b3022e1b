"""Every Markdown file of the repository: its links resolve, and its tables are not too wide."""

import re
import subprocess
import tomllib
from json import loads
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LIST = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
LISTED = subprocess.run(LIST, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
DOCUMENTS = sorted(name for name in LISTED if name and (ROOT / name).is_file())
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LONGEST_ROW = 200  # characters


def prose(document: Path) -> str:
    """Return the text without its code blocks, in which brackets mean nothing."""
    return CODE_BLOCK.sub("", document.read_text())


def anchors(document: Path) -> set[str]:
    """Return the fragments that GitHub gives to the document's headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading).lower() for heading in HEADING.findall(prose(document)))
    return {heading.strip().replace(" ", "-") for heading in plain}


def is_broken(document: Path, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = document.parent / path if path else document
    return not target.exists() or bool(fragment and fragment not in anchors(target))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_a_heading(name: str) -> None:
    document = ROOT / name
    relative = [link for link in LINK.findall(prose(document)) if "://" not in link]
    assert [link for link in relative if is_broken(document, link)] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_table_row_is_wider_than_200_characters(name: str) -> None:
    """What does not fit into a row belongs into a section."""
    rows = [line for line in prose(ROOT / name).splitlines() if line.startswith("|")]
    assert [row for row in rows if len(row) > LONGEST_ROW] == []


def test_project_api_document_images_and_changelog_have_one_version() -> None:
    """The newest entry of the changelog is the version of pyproject.toml, of the OpenAPI document and of the images."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    api = loads((ROOT / "infra/gateway/openapi.json").read_text())["info"]["version"]
    images = re.search(r"^VIDEO2MP3=(.+)$", (ROOT / "infra/versions/versions.env").read_text(), re.MULTILINE)
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert images
    assert newest
    assert project == api == images[1] == newest[1]
