"""Somebody who uses the program."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.person import Person


@dataclass(frozen=True)
class User:
    """`url` is the service's address, `folder` the current one, `variables` the environment."""

    person: Person
    url: str
    folder: Path
    variables: Mapping[str, str]

    def run(self, *arguments: str | Path, given: str = "", status: int = 0) -> "subprocess.CompletedProcess[str]":
        """Run the program with this standard input, and expect this exit status."""
        ran = subprocess.run(
            ["video2mp3", *arguments],
            cwd=self.folder,
            env=self.variables,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert ran.returncode == status, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
        return ran

    def begin(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        """Start the program."""
        command = ["video2mp3", *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=self.variables, stderr=subprocess.PIPE, text=True)

    def jobs(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("ls", "--all", "--json").stdout.splitlines()]
