"""The sandbox by itself: small programs try what a hijacked ffmpeg would."""

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import pytest

from functions.convert import binary, command, encoder, runner, sandbox, verdict
from functions.convert.encoder import Encoded, Encoder
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Scratch, Workspace
from functions.shared import mongo
from functions.shared.job.conversions import LeaseLost
from functions.shared.job.document import Reason
from functions.shared.job.options import DEFAULT
from tests.integration.convert.sandboxed import MAX_BYTES, PERL, PROGRAMS
from tests.support.clips import Clips
from tests.support.stacks import Server
from tests.support.waiting import eventually

NUMBER = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name


def encode(workspace: Workspace, spent: Callable[[float], None] = lambda _seconds: None) -> Encoded | Reason:
    return Encoder(Sandbox(command.MAX_MP3_BYTES, binary.files(binary.FFMPEG))).encode(
        workspace, DEFAULT, lambda _progress: None, spent
    )


class Cell:
    """A folder with one readable file and one writable folder, and a sandbox around them."""

    def __init__(self, folder: Path) -> None:
        self.file, self.out, self.sandbox = folder / "in", folder / "out", Sandbox(MAX_BYTES, PROGRAMS)
        self.file.write_text("content")
        self.out.mkdir()

    def run(self, *words: str) -> tuple[int, str]:
        """Return the program's code and all that it said."""
        with self.sandbox.start([_path(words[0]), *words[1:]], read=self.file, write=self.out) as process:
            said = process.stdout.read() + process.stderr.read()
        return process.returncode or 0, said.decode()

    def perl(self, program: str) -> tuple[int, str]:
        self.file.write_text(program)
        return self.run("perl", "in")


def _path(name: str) -> str:
    path = shutil.which(name)
    assert path
    return path


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    return Cell(tmp_path)


def test_reads_its_input_and_writes_its_output(cell: Cell) -> None:
    """What a conversion needs is granted, by names within the folder of both."""
    assert cell.run("cat", "in") == (0, "content")
    assert cell.perl("open(F, '>', 'out/made') && print F 'made' or print $!") == (0, "")
    assert (cell.out / "made").read_text() == "made"


def test_reads_nothing_else(cell: Cell, tmp_path: Path) -> None:
    """Neither the machine's files nor the function's environment nor a neighbour can be read."""
    (tmp_path / "neighbour").write_text("secret")
    for path in ("/etc/passwd", f"/proc/{os.getpid()}/environ", "neighbour"):
        code, said = cell.run("cat", path)
        assert (code, "Permission denied" in said) == (1, True), path


def test_ffmpeg_is_made_of_its_binary_and_its_libraries() -> None:
    """No folder is among the files that the sandbox opens to it, and of /usr only what the loader names."""
    files = binary.files(binary.FFMPEG)
    assert files[0] == binary.FFMPEG
    assert [file for file in files if not file.is_file()] == []
    others = {file.name.partition(".")[0].partition("-")[0] for file in files[1:]}
    assert others <= {"ld", "libc", "libm", "libmvec", "libdl", "librt", "libpthread", "libgcc_s"}


def test_program_reads_nothing_that_it_is_not_made_of(tmp_path: Path) -> None:
    """Perl with its libraries starts, and cannot open another program."""
    cell = Cell(tmp_path)
    cell.sandbox = Sandbox(MAX_BYTES, binary.files(Path(PERL)))
    assert cell.perl("open(F, '<', '/usr/bin/env') and print 'done'; print $!") == (0, "Permission denied")


def test_program_starts_where_its_user_may_not_look(cell: Cell, tmp_path: Path) -> None:
    """As in a checkout in the home of root: only the program's own folder is open to its user."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    shutil.copy(PERL, home / "bin")
    home.chmod(0o700)
    cell.file.write_text("print 'done'")
    cell.sandbox = Sandbox(MAX_BYTES, binary.files(home / "bin/perl"))
    assert cell.run(str(home / "bin/perl"), "in") == (0, "done")


def test_writes_nothing_else(cell: Cell, tmp_path: Path) -> None:
    """No file appears outside its folder, and its input stays as it is."""
    program = "open(F, '>', 'made') and print 'done'; print $!; open(F, '>>', 'in') and print 'done'; print $!"
    assert cell.perl(program) == (0, "Permission denied" * 2)
    assert not (tmp_path / "made").exists()
    assert cell.file.read_text() == program


def test_calls_of_another_architecture_kill(cell: Cell) -> None:
    """Getpid as x32 knows it: a filter that counts by one table cannot be passed by another."""
    assert cell.perl("syscall(0x40000000 + 39); print 'done'") == (-signal.SIGSYS, "")


def test_has_no_privileges_and_may_gain_none(cell: Cell) -> None:
    """No capabilities, no groups, no new privileges, and the filter is on: the kernel says so."""
    before = os.getgroups()
    os.setgroups([4])
    try:
        process = cell.sandbox.start([_path("sleep"), "20"], read=cell.file, write=cell.out)
    finally:
        os.setgroups(before)
    with process:
        status = eventually(partial(_status_of, process.pid, "sleep"), 30, "the program", every=0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert "NoNewPrivs:\t1\n" in status
    assert "Seccomp:\t2\n" in status
    assert "Groups:\t \n" in status
    for kind in ("Inh", "Prm", "Eff", "Amb"):
        assert f"Cap{kind}:\t0000000000000000\n" in status


def test_programs_of_one_machine_have_different_users(tmp_path: Path) -> None:
    """A program cannot read the memory or the files of another that runs at the same time."""
    users = set()
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        cell = Cell(tmp_path / str(number))
        assert cell.perl("print $<")[0] == 0
        users.add((cell.out.stat().st_uid, cell.file.stat().st_gid))
    assert len(users) > 1
    assert all(user == group >= sandbox.FIRST_UID for user, group in users)


def _status_of(pid: int, name: str) -> str | None:
    status = Path(f"/proc/{pid}/status").read_text()
    return status if status.startswith(f"Name:\t{name}\n") else None


def test_inherits_nothing_open(cell: Cell, tmp_path: Path) -> None:
    """It has no input, and no file of the function's, even one that was left inheritable."""
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)  # noqa: FBT003
        code, said = cell.perl(f"open(F, '>&={secret.fileno()}') and print 'done'; print \"$!\", <STDIN>")
    assert (code, said) == (0, "Bad file descriptor")
    ask = f"grep {{ syscall({NUMBER(b'fcntl')}, $_, 1, 0) >= 0 }} 3..63"  # F_GETFD
    assert cell.perl(f"print scalar({ask})") == (0, "0")


def test_open_files_have_a_limit(cell: Cell) -> None:
    """64 in all, the three it begins with and its program's included."""
    said = cell.perl("my @f; while (open($f[@f], '<', 'in')) {} print scalar(@f), $!")[1]
    assert said.endswith("Too many open files")
    assert int(said.removesuffix("Too many open files")) <= 64


def test_has_nothing_of_the_functions_environment(cell: Cell) -> None:
    """No secret of the function is passed on: there is one variable, which limits memory."""
    assert cell.run("env") == (0, "MALLOC_ARENA_MAX=1\n")


def test_files_have_a_largest_size(cell: Cell) -> None:
    """Writing beyond it kills the program."""
    code, _ = cell.perl("open(F, '>', 'out/big'); while (1) { syswrite(F, 'x' x 65536) }")
    assert code == -signal.SIGXFSZ
    assert (cell.out / "big").stat().st_size == MAX_BYTES


def test_memory_has_a_limit(cell: Cell) -> None:
    """More than 1 GiB is not given."""
    code, said = cell.perl("my $x = 'x' x 2_000_000_000; print 'done'")
    assert code != 0
    assert "Out of memory" in said


def test_cpu_time_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that spins gets a SIGXCPU, which ends it."""
    monkeypatch.setitem(sandbox.LIMITS, resource.RLIMIT_CPU, (1, 3))
    assert Cell(tmp_path).perl("1 while 1")[0] == -signal.SIGXCPU


def test_cpu_time_of_ffmpeg_is_reported_however_it_ends(tmp_path: Path, clips: Clips) -> None:
    """Once for each video, also if the attempt loses its job meanwhile."""
    spent: list[float] = []

    def lose(_progress: float) -> None:
        raise LeaseLost

    with Scratch(tmp_path).workspace(0) as workspace:
        workspace.video.write_bytes(clips.video().read_bytes())
        encode(workspace, spent.append)
        with pytest.raises(LeaseLost):
            Encoder(Sandbox(command.MAX_MP3_BYTES, binary.files(binary.FFMPEG))).encode(
                workspace, DEFAULT, lose, spent.append
            )
    assert [0 < seconds < 10 for seconds in spent] == [True, True]


def test_program_that_only_closes_its_pipes_is_killed_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt keeps its lease until the time limit, instead of waiting for an exit that never comes."""
    monkeypatch.setattr(runner, "TIMEOUT_SECONDS", 3)
    monkeypatch.setattr(encoder, "command", lambda _plan, video, *_paths: [PERL, str(video)])
    beats: list[float] = []
    with Scratch(tmp_path).workspace(0) as workspace:
        workspace.video.write_text("close STDOUT; close STDERR; sleep 99")
        with pytest.raises(TimeoutError):
            Encoder(Sandbox(MAX_BYTES, PROGRAMS)).encode(workspace, DEFAULT, beats.append, lambda _seconds: None)
    assert len(beats) >= 3


def test_ffmpeg_out_of_cpu_time_means_too_long(tmp_path: Path, clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is to blame, and not tried again."""
    monkeypatch.setitem(sandbox.LIMITS, resource.RLIMIT_CPU, (1, 9))
    with Scratch(tmp_path).workspace(0) as workspace:
        workspace.video.write_bytes(clips.long().read_bytes())
        assert encode(workspace) == verdict.TOO_LONG


def test_sound_beyond_the_limit_is_too_long(tmp_path: Path, clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of 2 s, 3 s are refused instead of cut."""
    monkeypatch.setitem(command.READING, "t", 2 + 1)
    monkeypatch.setattr(verdict, "MAX_SOUND_SECONDS", 2)
    with Scratch(tmp_path).workspace(0) as workspace:
        workspace.video.write_bytes(clips.video().read_bytes())
        assert encode(workspace) == verdict.TOO_LONG


def ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_dies_with_the_function(tmp_path: Path) -> None:
    """A program in the sandbox does not outlive a kill -9 of the process that started it."""
    (tmp_path / "in").touch()
    (tmp_path / "out").mkdir()
    code = """
import sys, threading, time
from pathlib import Path
from functions.convert.sandbox import Sandbox
folder = Path(sys.argv[1])
def start():
    child = Sandbox(1 << 20, [Path("/")]).start(["/usr/bin/sleep", "100"], read=folder / "in", write=folder / "out")
    print(child.pid, flush=True)
    child.wait()
threading.Thread(target=start).start()
"""
    words = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        eventually(lambda: child.name() == "sleep", 30, "the program", every=0.005)
        parent.kill()
    eventually(partial(ended, child), 3, "its end", every=0.005)


def test_program_outlives_the_thread_that_started_it(cell: Cell) -> None:
    """As in a function that shuts down: its idle threads end before the conversion of another thread does."""
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(cell.sandbox.start, [_path("sleep"), "100"], read=cell.file, write=cell.out)
    assert cell.run("true") == (0, "")
    with started.result() as process:
        os.kill(process.pid, signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


def test_launcher_that_was_killed_is_replaced(cell: Cell) -> None:
    """The next program starts as if nothing had happened."""
    before = set(psutil.Process().children())
    assert cell.run("true") == (0, "")
    [launcher] = set(psutil.Process().children()) - before
    launcher.kill()
    eventually(lambda: not launcher.is_running() or None, 10, "its end", every=0.005)
    assert cell.run("true") == (0, "")


def test_program_that_cannot_be_started_is_an_error(cell: Cell) -> None:
    """It is no exit of the program, which would be the file's fault, and leaves no process."""
    cell.run("true")
    before = set(psutil.Process().children())
    for path in ("/usr/bin/nothing", "/etc/passwd"):
        with pytest.raises(OSError, match="the program cannot be started: "):
            cell.sandbox.start([path], read=cell.file, write=cell.out)
    assert set(psutil.Process().children()) == before


def test_starts_while_other_threads_are_busy(cell: Cell, mongodb: Server) -> None:
    """A hundred starts beside threads that allocate, log and speak with MongoDB all come through."""
    database, over = mongo.database(mongodb.url), threading.Event()

    def be_busy() -> None:
        while not over.wait(0.001):
            database["nothing"].find_one({})
            [bytes(number) for number in range(1000)]

    with ThreadPoolExecutor(4) as pool:
        busy = [pool.submit(be_busy) for _ in range(3)]
        try:
            codes = [cell.run("true")[0] for _ in range(100)]
        finally:
            over.set()
        for thread in busy:
            thread.result()
    assert codes == [0] * 100


def test_conversions_that_run_at_once_do_not_share_a_core(tmp_path: Path, clips: Clips) -> None:
    """As many conversions as cores: each ffmpeg may use one, all its threads included."""
    cores, seen = os.sched_getaffinity(0), set[frozenset[int]]()
    encoder, here = Encoder(Sandbox(command.MAX_MP3_BYTES, binary.files(binary.FFMPEG))), threading.Barrier(len(cores))

    def convert(number: int) -> None:
        waited = False

        def look(_progress: float) -> None:
            nonlocal waited
            if not waited:
                waited = True
                here.wait(60)  # until all have started
                own = [p for p in psutil.Process().children() if p.name() == binary.FFMPEG.name]
                seen.update(frozenset(os.sched_getaffinity(t.id)) for p in own for t in p.threads())
                here.wait(60)  # until all have looked
                raise LeaseLost

        folder = tmp_path / str(number)
        folder.mkdir()
        with Scratch(folder).workspace(0) as workspace:
            workspace.video.write_bytes(clips.long().read_bytes())
            with pytest.raises(LeaseLost):
                encoder.encode(workspace, DEFAULT, look, lambda _seconds: None)

    with ThreadPoolExecutor(len(cores)) as pool:
        list(pool.map(convert, range(len(cores))))
    assert seen == {frozenset({core}) for core in cores}
