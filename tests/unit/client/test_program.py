"""The program as a process of its own: signals, terminals, pipes, limits of files, completion."""

import fcntl
import json
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from werkzeug import Request, Response

from tests.unit.client.fake import MP3, FakeService, take

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-m", "scripts.client"]


@pytest.fixture
def environment() -> dict[str, str]:
    """The test's, in which the program is found from every folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


@pytest.fixture
def stalled(service: FakeService) -> Iterator[Event]:
    """An event that is set once half of an upload has arrived; the rest is not read until the test's end."""
    arrived, over = Event(), Event()

    def stall(request: Request) -> Response | None:
        if request.method != "PATCH":
            return None
        service.faults.clear()
        take(request, service.uploads[request.path.rpartition("/")[2]], 200_000)
        arrived.set()
        over.wait(30)
        raise ConnectionError

    service.faults.append(stall)
    yield arrived
    over.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_stopped_upload_is_resumed_by_the_same_command(
    number: int, service: FakeService, stalled: Event, environment: dict[str, str], video: Path
) -> None:
    command = [*PROGRAM, "convert", str(video)]
    # Tests that run in the background of a shell ignore SIGINT, and so would their children.
    default = ["env", "--default-signal=INT", *command]
    with subprocess.Popen(default, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert stalled.wait(30)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert err.splitlines()[-1] == "Interrupted. The same command resumes."
        assert "Traceback" not in err
    subprocess.run(command, env=environment, check=True, timeout=30)
    (upload,) = service.uploads.values()
    assert upload.data == video.read_bytes()
    assert Path("clip.mp3").read_bytes() == MP3


def limited(count: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (count, count))


def test_full_disk_is_told_and_leaves_no_half_file(
    service: FakeService, environment: dict[str, str], video: Path
) -> None:
    """The limit of a file's size stands for the end of the disk."""
    ran = subprocess.run(
        [*PROGRAM, "convert", str(video)],
        env=environment,
        preexec_fn=limited(len(MP3) // 2),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 9
    assert "clip.mp4: clip.mp3 cannot be written: File too large." in ran.stderr
    assert [path.name for path in Path().iterdir()] == ["clip.mp4"]
    subprocess.run([*PROGRAM, "convert", str(video)], env=environment, check=True)
    assert len(service.uploads) == 1


def test_full_disk_while_standard_input_is_stored_is_told(
    service: FakeService, environment: dict[str, str], video: Path
) -> None:
    with subprocess.Popen(["cat", video], stdout=subprocess.PIPE) as cat:
        ran = subprocess.run(
            [*PROGRAM, "convert", "-"],
            stdin=cat.stdout,
            env=environment,
            preexec_fn=limited(1000),
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ran.returncode, ran.stderr) == (
        9,
        "Standard input cannot be stored: File too large. Set TMPDIR to a folder with more space.\n",
    )
    assert not service.uploads


class Terminal:
    """A process in a terminal of its own."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        pid, self._number = pty.fork()
        if pid == 0:
            os.execvpe(PROGRAM[0], [*PROGRAM, *arguments], environment)
        self._pid = pid
        self.shown = b""
        self.resize(24, 80)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._number, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, until: bytes | None = None) -> None:
        """Read until this is shown, or to the process's end."""
        while until is None or until not in self.shown:
            try:
                piece = os.read(self._number, 65536)
            except OSError:
                break
            self.shown += piece
        assert until is None or until in self.shown, self.shown

    def read_more(self) -> None:
        self.shown += os.read(self._number, 65536)

    def status(self) -> int:
        self.read()
        os.close(self._number)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def test_bars_survive_any_size_of_the_terminal(service: FakeService, environment: dict[str, str]) -> None:
    service.polls = [0.1, 0.3, 0.5, 0.7, 0.9]
    name = "\u202e" + "long name " * 20 + "שלום.mp4"
    Path(name).write_bytes(b"film")
    terminal = Terminal(["convert", name], {**environment, "TERM": "xterm"})
    terminal.read(b"converting")
    for rows, columns in ((24, 80), (3, 10), (1, 1), (0, 0), (50, 300), (2, 20)):
        terminal.resize(rows, columns)
        terminal.read_more()
    assert terminal.status() == 0
    assert b"Traceback" not in terminal.shown
    assert "\u202e".encode() not in terminal.shown
    assert len([*Path().glob("*.mp3")]) == 1


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colours_are_for_terminals_that_want_them(
    variables: dict[str, str], *, coloured: bool, service: FakeService, environment: dict[str, str], video: Path
) -> None:
    terminal = Terminal(["convert", str(video)], {**environment, "TERM": "xterm-256color", **variables})
    assert terminal.status() == 0
    assert (b"\x1b[38;" in terminal.shown or b"\x1b[3" in terminal.shown) == coloured


def test_nothing_but_text_goes_into_a_pipe(service: FakeService, environment: dict[str, str], video: Path) -> None:
    ran = subprocess.run([*PROGRAM, "convert", str(video)], env=environment, capture_output=True, check=True)
    assert b"\x1b" not in ran.stdout + ran.stderr


def test_closed_pipe_ends_the_program_quietly(service: FakeService, environment: dict[str, str]) -> None:
    for number in range(500):
        service.add_job(f"{number}.mp4")
    with subprocess.Popen(
        [*PROGRAM, "ls", "--all"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        err = process.stderr.read()
    assert (process.returncode, err) == (9, b"")


@pytest.mark.parametrize("name", [b"-\x1b[2J.mp4", b"\xff\xfe.mp4", b"a\nb.mp4"])
def test_hostile_argument_does_not_reach_the_terminal(
    name: bytes, service: FakeService, environment: dict[str, str]
) -> None:
    Path(os.fsdecode(name)).write_bytes(b"film")
    ran = subprocess.run(
        [*PROGRAM, "convert", *([] if name.startswith(b"-") else ["--"]), name],
        env={**environment, "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == (2 if name.startswith(b"-") else 0)
    assert not {b"\x1b", b"\xff"} & {bytes([byte]) for byte in ran.stdout + ran.stderr}
    assert b"Traceback" not in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["convert", "clip.mp4", "--title", b"\xff"],
        ["login", "--url", "http://127.0.0.1:1", "--email", b"\xff@example.com"],
    ],
)
def test_argument_that_is_no_utf_8_is_told(
    arguments: list[str | bytes], service: FakeService, environment: dict[str, str], video: Path
) -> None:
    ran = subprocess.run([*PROGRAM, *arguments], env=environment, input=b"secret", capture_output=True, check=False)
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (2, b"An argument or an input has bytes that are no UTF-8.")
    assert b"Traceback" not in ran.stderr


def test_full_disk_behind_standard_output_is_told(service: FakeService, environment: dict[str, str]) -> None:
    service.add_job("clip.mp4")
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run([*PROGRAM, "ls"], env=environment, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stderr) == (9, b"No space left on device.\n")


def test_missing_home_is_told(environment: dict[str, str]) -> None:
    environment = {**environment, "XDG_CONFIG_HOME": "", "HOME": "~"}
    ran = subprocess.run([*PROGRAM, "ls"], env=environment, capture_output=True, check=False)
    assert (ran.returncode, b"Set HOME" in ran.stderr, b"Traceback" in ran.stderr) == (9, True, False)


@pytest.mark.parametrize(("word", "found"), [("con", "convert"), ("d", "doctor")])
def test_shell_completes_commands(word: str, found: str, environment: dict[str, str]) -> None:
    variables = {"_VIDEO2MP3_COMPLETE": "complete_bash", "COMP_WORDS": f"video2mp3 {word}", "COMP_CWORD": "1"}
    ran = subprocess.run(PROGRAM, env={**environment, **variables}, capture_output=True, text=True, check=False)
    assert ran.stdout.split() == [found]


def test_help_has_every_status(environment: dict[str, str]) -> None:
    ran = subprocess.run([*PROGRAM, "--help"], env=environment, capture_output=True, text=True, check=True)
    for status in (*range(10), 130):
        assert f"\n  {status:3}  " in ran.stdout


@pytest.mark.parametrize("arguments", [["ls", "--bogus"], ["convert"], ["nonsense"]])
def test_wrong_arguments_are_told_as_json_to_whom_wants_it(arguments: list[str], environment: dict[str, str]) -> None:
    ran = subprocess.run([*PROGRAM, *arguments, "--json"], env=environment, capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert json.loads(ran.stderr)["error"]["kind"] == "usage"
