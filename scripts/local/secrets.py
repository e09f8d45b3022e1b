"""Secrets as files `NAME/KEY`, like the keys of a Kubernetes Secret: created once, readable by their owner only."""

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
        """Write the value atomically: a truncated password would be kept."""
        file = self.folder / name / key
        half = file.with_suffix(".half")
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half.touch(mode=0o600)
        half.write_text(value)
        half.rename(file)

    def password(self, name: str, key: str = "password") -> str:
        """Return the password of that name; create a random one the first time."""
        if not (self.folder / name / key).is_file():
            self.write(name, key, secrets.token_urlsafe(24))
        return self.read(name, key)

    def make_signing_keys(self) -> None:
        """Create auth's `jwt-private/key` and the shared `jwt-public/keys`, as for the cluster."""
        subprocess.run([REPOSITORY / "scripts/signing-keys.sh", self.folder], check=True)
