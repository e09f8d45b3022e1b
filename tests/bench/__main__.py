"""Runs the benchmark and writes its table into this folder's README: `make bench`."""

from itertools import chain
from pathlib import Path

from scripts.local.ports import free_port
from scripts.local.servers import LOCAL
from scripts.local.stack import Stack
from tests.bench import clips, storing
from tests.bench.converting import Converting
from tests.bench.row import Row
from tests.bench.system import System
from tests.support import figures
from tests.support.person import Person
from tests.support.processes import MIB, Peaks
from tests.support.stacks import RunningStack

README = Path(__file__).with_name("README.md")


def measure(folder: Path) -> tuple[list[Row], Peaks]:
    """Start a stack, run every row, stop it."""
    folder.mkdir(parents=True, exist_ok=True)
    short, long, copied = clips.ten_seconds(folder), clips.ten_minutes(folder), clips.mp3_sound(folder)
    longest, film, alone = clips.five_hours(folder), clips.two_hours(folder), clips.two_minutes(folder)
    stack = Stack(folder / "stack", folder / "stack/mail", free_port())
    stack.start(lambda what: print(f"starting {what}", flush=True))
    try:
        running = RunningStack(stack)
        person = Person(running.url, running.mail)
        system = System(person, stack.secrets.read("mongodb-admin", "url"), folder, running.pids)
        memory, peaks = storing.memory(system, longest)  # first, while the idle processes have not worked yet
        print(*memory, sep="\n", flush=True)
        converting = Converting(system)
        steps = [
            converting.short_clip(short),
            converting.long_clip(long),
            converting.two_clips(long),
            converting.many_clips(short),
            converting.mp3_sound(copied),
            converting.five_hours(longest),
            converting.part(film, alone),
            converting.loudness(long),
            converting.constant(long),
            storing.upload(system),
            storing.resumable(system),
            storing.download(system),
        ]
        rows = []
        for row in chain.from_iterable(steps):
            rows.append(row)
            print(row, flush=True)
    finally:
        stack.stop()
    return rows + memory, peaks


def table(rows: list[Row], peaks: Peaks) -> list[str]:
    memory = [[name, f"{peaks.idle[name] / MIB:.0f}", f"{peaks.peak[name] / MIB:.0f}"] for name in sorted(peaks.peak)]
    return [
        *figures.table(["what", "against", "to reach", "measured: median (range)", ""], [row.cells() for row in rows]),
        "\nPeak memory of every process with its children while 1 GiB is uploaded, converted and an MP3 downloaded:\n",
        *figures.table(["process", "idle, MiB", "peak, MiB"], memory),
    ]


if __name__ == "__main__":
    figures.write("make bench", table(*measure(LOCAL / "bench")), README)
