"""A simulated kernel without Landlock: its three system calls are not implemented."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.convert.sandboxed import PERL, without_landlock

ROOT = Path(__file__).parents[3]
START = "import runpy; runpy.run_path('functions/convert/main.py', run_name='main')"
CELL = """
import sys
from pathlib import Path
from functions.convert.sandbox import Sandbox
folder = Path(sys.argv[1])
with Sandbox(1 << 20, []).start(sys.argv[2:], read=folder / "in", write=folder / "out") as process:
    sys.stdout.buffer.write(process.stdout.read() + process.stderr.read())
"""


class Kernel:
    """Runs Python on a kernel that answers ENOSYS to the calls of Landlock."""

    def __init__(self) -> None:
        self._hide = without_landlock()

    def python(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", *words],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env},
            preexec_fn=self._hide,  # the tests' process has no other busy threads here
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"MONGODB_URL": "mongodb://127.0.0.1:1/none", "K_SINK": "http://127.0.0.1:1", "SCRATCH": str(tmp_path)}


def test_missing_landlock_is_logged(kernel: Kernel, settings: dict[str, str]) -> None:
    """Without Landlock convert starts and logs a warning; with Landlock there is no warning."""
    started = kernel.python(START, **settings)
    assert started.returncode == 0, started.stderr
    assert "no landlock: ffmpeg could read the files that this process may read" in started.stdout + started.stderr
    here = subprocess.run(
        [sys.executable, "-c", START],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings, "LANDLOCK_REQUIRED": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "landlock" not in here.stdout + here.stderr


def test_missing_landlock_is_fatal_if_required(kernel: Kernel, settings: dict[str, str]) -> None:
    """With `LANDLOCK_REQUIRED=true` convert does not start, and logs the reason."""
    started = kernel.python(START, **settings, LANDLOCK_REQUIRED="true")
    assert started.returncode == 1
    assert "this kernel has no Landlock, and LANDLOCK_REQUIRED asks for it" in started.stderr


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("socket(my $s, 2, 1, 0) and print 'done'; print $!", "Operation not permitted"),
        ("defined(fork) and print 'done'; print $!", "Operation not permitted"),
        ("print join ',', keys %ENV", "MALLOC_ARENA_MAX"),
        ("my $x = 'x' x 2_000_000_000; print 'done'", "Out of memory"),
    ],
)
def test_all_other_limits_hold(kernel: Kernel, tmp_path: Path, program: str, said: str) -> None:
    """Sockets, processes, the environment and more memory than the limit are denied."""
    (tmp_path / "in").write_text(program)
    (tmp_path / "out").mkdir()
    ran = kernel.python(CELL, str(tmp_path), PERL, "in")
    assert ran.returncode == 0, ran.stderr
    assert (ran.stdout == said) if not said else (said in ran.stdout)
    assert "done" not in ran.stdout
