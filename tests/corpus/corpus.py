"""The files of a run: generated ones, whole and damaged, or those of a given folder."""

import random
from dataclasses import dataclass
from pathlib import Path

from tests.corpus import whole
from tests.corpus.damage import DAMAGES
from tests.support.jobs import ANY

EACH = 2  # damaged copies of a whole file


@dataclass(frozen=True)
class File:
    """A file to upload; `damage` names its damage, if any, `ends` how its job may end."""

    path: Path
    damage: str = ""
    ends: frozenset[str] = ANY


def made(folder: Path, every: int = 1) -> list[File]:
    """Make every n-th of the whole files, and damaged copies of each."""
    folder.mkdir(exist_ok=True)
    wholes = list(whole.wholes())[::every]
    whole.make(folder, wholes)
    files = [File(folder / one.name, ends=frozenset({"done" if one.sound else "no_audio"})) for one in wholes]
    kinds = list(DAMAGES)
    damaged = []
    for number, file in enumerate(files):
        for turn in range(EACH):
            kind = kinds[(number * EACH + turn) % len(kinds)]
            damaged.append(_damaged(file.path, kind, files[number - 1].path))
    return files + damaged


def own(folder: Path) -> list[File]:
    """Return all files of a folder and those below it."""
    files = [File(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    assert files, f"{folder} has no files"
    return files


def _damaged(path: Path, damage: str, other: Path) -> File:
    chance = random.Random(f"{damage} {path.name}")
    target = path.with_name(f"{damage}, {path.name}".replace(" ", "-"))
    target.write_bytes(DAMAGES[damage](path.read_bytes(), other.read_bytes(), chance))
    return File(target, damage)
