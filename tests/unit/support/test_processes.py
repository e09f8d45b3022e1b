"""The sampler of memory: what it measures, and that it never reports a peak that it did not measure."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.processes import MIB, Peaks

SIZE = 64 * MIB
# Uses memory after a line of input, and says so.
HOG = f"input(); held = bytearray({SIZE}); print(flush=True); input()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOG!r}])"


class BrokenPeaks(Peaks):
    """A sampler whose thread fails."""

    def _watch(self) -> None:
        self.look = self.fail  # type: ignore[method-assign]  # only in the thread
        super()._watch()

    def fail(self, pid: int) -> None:
        raise PermissionError(pid)


@contextmanager
def running(program: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def use_memory(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"\n")
    process.stdin.flush()
    process.stdout.readline()


@pytest.mark.parametrize("program", [HOG, PARENT], ids=["own", "of a child"])
def test_peak_includes_memory_that_the_block_used(program: str) -> None:
    """Whether the process itself or its child uses it; `idle` is from before."""
    with running(program) as process:
        with Peaks({"hog": process.pid}) as seen:
            use_memory(process)
        assert seen.peak["hog"] - seen.idle["hog"] > SIZE


def test_process_that_is_not_running_has_no_peak() -> None:
    with running("pass") as process:
        process.wait()
        with pytest.raises(ProcessLookupError, match="not running"):
            Peaks({"ended": process.pid})


def test_process_that_ends_in_the_block_has_no_peak() -> None:
    """The block's end raises instead of reporting the memory until then."""
    with running("input()") as process:
        seen = Peaks({"ends": process.pid})
        with pytest.raises(ProcessLookupError, match="not running"), seen:
            end(process)


def test_error_of_the_sampler_is_raised() -> None:
    """A thread that died must not look like memory that did not grow."""
    with pytest.raises(PermissionError), BrokenPeaks({"self": os.getpid()}):
        pass


def test_error_of_the_block_comes_before_the_samplers() -> None:
    with pytest.raises(KeyError), BrokenPeaks({"self": os.getpid()}):
        raise KeyError
