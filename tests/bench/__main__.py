"""Runs the benchmark and writes its table into this folder's README: `make bench`."""

from functools import partial
from pathlib import Path

from scripts.local.ports import free_port
from scripts.local.servers import LOCAL
from scripts.local.stack import Stack
from tests.bench import clips
from tests.bench.rows import Bench, Row
from tests.support import figures
from tests.support.person import Person
from tests.support.processes import MIB, Peaks
from tests.support.stacks import RunningStack

README = Path(__file__).with_name("README.md")


def measure(folder: Path) -> tuple[list[Row], Peaks]:
    """Start a stack, run every row, stop it."""
    folder.mkdir(parents=True, exist_ok=True)
    short, long, large = clips.ten_seconds(folder), clips.ten_minutes(folder), clips.gigabyte(folder)
    stack = Stack(folder / "stack", folder / "stack/mail", free_port())
    stack.start(lambda what: print(f"starting {what}", flush=True))
    try:
        running = RunningStack(stack)
        person = Person(running.url, running.mail)
        bench = Bench(person, stack.secrets.read("mongodb-admin", "url"), folder, running.pids)
        memory, peaks = bench.memory(large)  # first, while the idle processes have not worked yet
        print(*memory, sep="\n", flush=True)
        steps = [
            partial(bench.short_clip, short),
            partial(bench.long_clip, long),
            partial(bench.many_clips, short),
            partial(bench.upload),
            partial(bench.download),
        ]
        rows = []
        for step in steps:
            rows.append(step())
            print(rows[-1], flush=True)
    finally:
        stack.stop()
    return rows + memory, peaks


def table(rows: list[Row], peaks: Peaks) -> list[str]:
    memory = [[name, f"{peaks.idle[name] / MIB:.0f}", f"{peaks.peak[name] / MIB:.0f}"] for name in sorted(peaks.peak)]
    return [
        *figures.table(["what", "against", "to reach", "measured: median (range)", ""], [row.cells() for row in rows]),
        "\nPeak memory of every process with its children during the 1 GiB upload, its conversion and the download:\n",
        *figures.table(["process", "idle, MiB", "peak, MiB"], memory),
    ]


if __name__ == "__main__":
    figures.write("make bench", table(*measure(LOCAL / "bench")), README)
