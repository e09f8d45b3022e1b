from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from functions.convert.scratch import Scratch


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


def test_no_space_is_said_before_anything_is_copied(tmp_path: Path) -> None:
    """A video larger than the disk is refused, and no workspace is made."""
    with pytest.raises(OSError, match="no space for the video"), Scratch(tmp_path).workspace(1 << 60):
        pass
    assert not list(tmp_path.glob("attempt-*"))
