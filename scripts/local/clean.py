"""`make clean`: forgets everything under .local, unless something of it runs."""

import shutil

from scripts.local.command import run
from scripts.local.servers import LOCAL
from scripts.local.supervision import Supervisor
from scripts.local.waiting import StackError


def main() -> None:
    for daemon in LOCAL.rglob("supervisord.pid"):
        if Supervisor(daemon.parent).is_running():
            raise StackError(f"Something runs in {daemon.parent}: stop it first, nothing was removed.")
    shutil.rmtree(LOCAL)


if __name__ == "__main__":
    run(main)
