"""`make user` for the system that runs on this machine: creates an account, prints a link to set its password."""

import os
import sys

from scripts.local.command import RUN, run
from scripts.local.secrets import Secrets
from scripts.local.supervision import REPOSITORY, Supervisor


def main() -> None:
    (gateway,) = [process.address for process in Supervisor(RUN).processes() if process.name == "gateway"]
    settings = {"MYSQL_URL": Secrets(RUN / "secrets").read("mysql-auth", "url"), "PUBLIC_URL": gateway}
    command = [sys.executable, "-m", "functions.auth.invite", *sys.argv[1:]]
    os.execve(command[0], command, {**os.environ, **settings, "PYTHONPATH": str(REPOSITORY)})  # noqa: S606  # none is needed


if __name__ == "__main__":
    run(main)
