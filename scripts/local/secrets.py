"""Secrets as files, `NAME/KEY` like a Kubernetes Secret's: made once, kept, readable by their owner alone."""

import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.local.supervision import REPOSITORY


@dataclass(frozen=True)
class Secrets:
    folder: Path

    def read(self, name: str, key: str) -> str:
        return (self.folder / name / key).read_text()

    def write(self, name: str, key: str, value: str) -> None:
        """Write it whole or not at all: a password cut short would be kept."""
        file = self.folder / name / key
        half = file.with_suffix(".half")
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half.touch(mode=0o600)
        half.write_text(value)
        half.rename(file)

    def password(self, name: str) -> str:
        """Return the password of that name, a new one at the first time."""
        if not (self.folder / name / "password").is_file():
            self.write(name, "password", secrets.token_urlsafe(24))
        return self.read(name, "password")

    def make_signing_keys(self) -> None:
        """Make auth's `jwt-private/key` and everybody's `jwt-public/keys`, as for the cluster."""
        subprocess.run([REPOSITORY / "scripts/signing-keys.sh", self.folder], check=True)
