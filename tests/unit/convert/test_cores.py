import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from functions.convert.cores import Cores

CORES = os.sched_getaffinity(0)


@pytest.fixture
def programs() -> Iterator[list[int]]:
    """As many programs as there are cores, and one more."""
    with ExitStack() as stack:
        started = [stack.enter_context(subprocess.Popen(["sleep", "60"])) for _ in range(len(CORES) + 1)]
        yield [process.pid for process in started]
        for process in started:
            process.kill()


def test_program_may_use_every_core_while_one_is_idle(programs: list[int]) -> None:
    """Its threads run beside each other as long as nobody else needs their core."""
    cores = Cores()
    with ExitStack() as stack:
        for program in programs[: len(CORES) - 1]:
            stack.enter_context(cores.shared(program))
        assert [os.sched_getaffinity(program) for program in programs] == [CORES] * len(programs)


def test_each_program_has_a_core_while_all_are_busy(programs: list[int]) -> None:
    """As many programs as cores: each has one of its own. When one of them ends, the others have all cores again."""
    cores = Cores()
    with ExitStack() as stack:
        for program in programs[1 : len(CORES)]:
            stack.enter_context(cores.shared(program))
        with cores.shared(programs[0]):
            placed = [os.sched_getaffinity(program) for program in programs[: len(CORES)]]
            assert [len(found) for found in placed] == [1] * len(CORES)
            assert set().union(*placed) == CORES
        assert all(os.sched_getaffinity(program) == CORES for program in programs[1 : len(CORES)])


def test_program_beyond_the_number_of_cores_shares_one(programs: list[int]) -> None:
    cores = Cores()
    with ExitStack() as stack:
        for program in programs:
            stack.enter_context(cores.shared(program))
        assert [len(os.sched_getaffinity(program)) for program in programs] == [1] * len(programs)


def test_program_that_has_ended_is_no_error(programs: list[int]) -> None:
    cores = Cores()
    with cores.shared(2**22 + 1), cores.shared(programs[0]):
        assert os.sched_getaffinity(programs[0])


@pytest.mark.parametrize(("limit", "cores"), [("max 100000", len(CORES)), ("100000 100000", 1), ("50000 100000", 1)])
def test_only_program_may_use_the_cores_of_the_cpu_limit(
    programs: list[int], tmp_path: Path, limit: str, cores: int
) -> None:
    """One at least; without a limit all; beside another program one."""
    (tmp_path / "cpu.max").write_text(f"{limit}\n")
    shared = Cores(tmp_path / "cpu.max")
    with shared.shared(programs[0]):
        assert shared.free() == cores
        with shared.shared(programs[1]):
            assert shared.free() == 1


def test_program_on_a_large_machine_may_use_eight_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each encoder needs memory, of which a container has no more there."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    assert Cores(tmp_path / "none").free() == 8
