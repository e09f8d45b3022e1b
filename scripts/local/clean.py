"""`make clean`: deletes .local/, unless a system in it is running."""

import shutil

from scripts.local.command import run
from scripts.local.servers import LOCAL
from scripts.local.supervision import Supervisor
from scripts.local.waiting import StackError


def main() -> None:
    for daemon in LOCAL.rglob("supervisord.pid"):
        if Supervisor(daemon.parent).is_running():
            raise StackError(f"Nothing was deleted: a system is running in {daemon.parent}. Stop the system first.")
    shutil.rmtree(LOCAL)


if __name__ == "__main__":
    run(main)
