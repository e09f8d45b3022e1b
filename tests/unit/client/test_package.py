"""The wheel that `pip install .` makes of the repository."""

import email
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from scripts.client.commands import OPTIONS
from scripts.client.failures import MEANINGS
from scripts.client.videos import SUFFIXES

ROOT = Path(__file__).parents[3]
NAME = r"video2mp3-[0-9.]+\.dist-info"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.iterdir()
    with zipfile.ZipFile(path) as file:
        yield file


@pytest.fixture(scope="session")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


def test_wheel_has_the_command_line_alone(wheel: zipfile.ZipFile) -> None:
    kept = {f"video2mp3/{path.name}" for path in (ROOT / "scripts/client").iterdir() if path.suffix in {".py", ".json"}}
    assert {name for name in wheel.namelist() if not re.match(NAME, name)} == kept


def test_wheel_needs_what_the_project_needs(metadata: Message) -> None:
    needed = [re.split("[<>=;]", text)[0] for text in metadata.get_all("Requires-Dist", [])]
    assert needed == ["httpx", "pydantic", "rich", "typer", "keyring"]


def test_installed_program_is_found_by_its_name_and_as_a_plugin_of_kn(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """kn runs the program `kn-NAME` of the path for `kn NAME`."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(tmp_path)]
    subprocess.run([*install, str(wheel.filename)], check=True)
    for program in ("video2mp3", "kn-video2mp3"):
        ran = subprocess.run(
            [program, "--version"],
            env={**os.environ, "PATH": f"{tmp_path}/bin", "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert re.fullmatch(r"video2mp3 \d+\.\d+\.\d+\n", ran.stdout)


def test_options_have_the_texts_of_the_api_document() -> None:
    """After a change there, write each option's description to scripts/client/options.json."""
    schemas = json.loads((ROOT / "infra/gateway/openapi.json").read_text())["components"]["schemas"]
    assert {name: option["description"] for name, option in schemas["Options"]["properties"].items()} == OPTIONS


def test_readme_has_every_exit_status() -> None:
    text = (ROOT / "scripts/client/README.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE))
    assert rows == {"0": "success", **{str(int(kind)): meaning for kind, meaning in MEANINGS.items()}}


def test_page_and_command_line_take_the_same_files_of_a_folder() -> None:
    page = (ROOT / "infra/gateway/page/files.js").read_text()
    expression = "".join(re.findall(r"'([^']*)'", page.partition("new RegExp(")[2].partition("'i'")[0]))
    (alternatives,) = re.findall(r"\((.*)\)", expression)
    assert {f".{suffix}" for suffix in alternatives.split("|")} == SUFFIXES
