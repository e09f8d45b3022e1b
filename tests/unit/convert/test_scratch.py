import errno
import os
import subprocess
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from functions.convert.scratch import Scratch, Workspace


def test_workspace_is_removed_after_its_attempt(tmp_path: Path) -> None:
    """Whether the attempt ended well or not."""
    with Scratch(tmp_path).workspace(0) as workspace:
        workspace.video.write_text("video")
    assert not workspace.folder.exists()
    with pytest.raises(OSError, match="Is a directory"), Scratch(tmp_path).workspace(0) as workspace:
        workspace.out.write_text("no file")
    assert not workspace.folder.exists()


def test_workspace_in_use_is_kept(tmp_path: Path) -> None:
    """Another attempt of the same folder, in another process or in this one, takes nothing from it."""
    with Scratch(tmp_path).workspace(0) as first:
        first.video.write_text("video")
        with Scratch(tmp_path).workspace(0) as second:
            assert second.folder != first.folder
        assert first.video.read_text() == "video"


def test_concurrent_removals_do_not_disturb_each_other(tmp_path: Path) -> None:
    """An attempt that clears up after itself is not taken for a killed one half-way, by which both would fail."""

    def attempts(_: int) -> None:
        for _ in range(50):
            with Scratch(tmp_path).workspace(0) as workspace:
                for file in (workspace.video, workspace.mp3, workspace.tags):
                    file.write_text("something")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempts, range(4)))
    assert not list(tmp_path.glob("attempt-*"))


def test_what_a_killed_attempt_left_is_cleared(tmp_path: Path) -> None:
    """An unlocked workspace is removed when the next one is made; other folders are kept."""
    left = tmp_path / "attempt-of-a-dead-process"
    (left / "out").mkdir(parents=True)
    (tmp_path / "lost+found").mkdir()
    with Scratch(tmp_path).workspace(0):
        assert not left.exists()
        assert (tmp_path / "lost+found").exists()


USERS = [0, 65532] if os.geteuid() == 0 else [os.geteuid()]


def spoil(folder: Path) -> None:
    """Leave what could make a removal fail: modes of nothing, 3,000 folders in each other, odd names and links."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deep", dir_fd=here)
        deeper = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    (folder / "link").symlink_to("/usr")
    (folder / "loop").symlink_to(".")
    (folder / "n\udcff\n").write_text("odd")
    os.mkfifo(folder / "pipe", 0)
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "closed" / "inner" / "file").touch(0)
    for path in (folder / "closed" / "inner", folder / "closed", folder):
        path.chmod(0)


def as_user(uid: int, call: Callable[[], None]) -> None:
    """Run the call in a process of this user."""
    if (child := os.fork()) == 0:
        code = 1
        try:
            os.setresuid(uid, uid, uid)
            call()
            code = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


@pytest.fixture
def scratch_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Scratch]]:
    def make(uid: int) -> Scratch:
        os.chown(tmp_path, uid, uid)
        monkeypatch.chdir(tmp_path)  # as its parents may not be this user's
        return Scratch(Path())

    yield make
    for left in tmp_path.glob("attempt-*"):  # of a failed test: pytest itself cannot remove such a folder
        subprocess.run(["rm", "-rf", left], check=True)


@pytest.mark.parametrize("uid", USERS)
def test_spoilt_workspace_is_removed(scratch_of: Callable[[int], Scratch], tmp_path: Path, uid: int) -> None:
    """By root as by the user of the cluster, whatever was done inside, at the end of the attempt."""
    scratch = scratch_of(uid)

    def attempt() -> None:
        with scratch.workspace(0) as workspace:
            spoil(workspace.out)
            workspace.folder.chmod(0)

    as_user(uid, attempt)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


@pytest.mark.parametrize("uid", USERS)
def test_spoilt_workspace_of_a_killed_attempt_is_removed(
    scratch_of: Callable[[int], Scratch], tmp_path: Path, uid: int
) -> None:
    """The next attempt removes it, and is not stopped by it."""
    scratch = scratch_of(uid)

    def attempts() -> None:
        left = Path("attempt-of-a-dead-process")
        left.mkdir()
        spoil(left)
        with scratch.workspace(0) as workspace:
            assert not left.exists()
            assert workspace.out.is_dir()

    as_user(uid, attempts)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_workspace_that_cannot_be_removed_stops_no_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that the kernel keeps is logged; the attempt ends as it would, and so do later ones."""

    def busy(folder: Path) -> None:
        raise OSError(errno.EBUSY, "busy", str(folder))

    monkeypatch.setattr(Path, "rmdir", busy)
    for _ in range(2):
        with Scratch(tmp_path).workspace(0) as workspace:
            assert workspace.out.is_dir()
    assert "workspace not removed" in caplog.text


def test_disk_is_full_before_a_write_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than 1 MiB of space, or no space for another file, is a full disk; no count of files is none."""
    (tmp_path / "out").mkdir()
    full = {}
    for free, files, left in [(257, 9, 9), (255, 9, 9), (257, 9, 0), (257, 0, 0)]:
        disk = os.statvfs_result((4096, 4096, 1000, free, free, files, left, left, 0, 255))
        monkeypatch.setattr(os, "statvfs", lambda _, disk=disk: disk)
        full[free, files, left] = Workspace(tmp_path).disk_full()
    assert list(full.values()) == [False, True, True, False]


def test_no_space_is_said_before_anything_is_copied(tmp_path: Path) -> None:
    """A video larger than the disk is refused, and no workspace is made."""
    with pytest.raises(OSError, match="no space for the video"), Scratch(tmp_path).workspace(1 << 60):
        pass
    assert not list(tmp_path.glob("attempt-*"))
