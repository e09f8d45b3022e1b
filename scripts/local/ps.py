"""`make ps`: lists the running processes, as a table, or as JSON with JSON=1."""

import json
import os
from dataclasses import asdict
from datetime import timedelta

from scripts.local.command import RUN, run, say
from scripts.local.supervision import NotRunningError, Supervisor
from scripts.local.waiting import StackError


def main() -> None:
    try:
        processes = Supervisor(RUN).processes()
    except NotRunningError as error:
        raise StackError("Nothing is running. `make run` starts the system.") from error
    if os.environ.get("JSON"):
        say(json.dumps([asdict(process) for process in processes], indent=2))
        return
    width = max(len(process.name) for process in processes) if processes else 4
    say(f"{'NAME':{width}}  {'PID':>7}  {'STATE':8}  {'UPTIME':>8}  ADDRESS")
    for process in processes:
        uptime = timedelta(seconds=process.uptime)
        say(f"{process.name:{width}}  {process.pid:7}  {process.state:8}  {uptime!s:>8}  {process.address}")


if __name__ == "__main__":
    run(main)
