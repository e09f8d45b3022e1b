"""What is checked again while a body arrives: the reservation and the free space of MongoDB's disk."""

from types import SimpleNamespace
from typing import Any

import pytest

from functions.upload import space
from functions.upload.errors import QuotaExceeded, StoreFull
from functions.upload.quotas import MIB, STEP_BYTES, Allowance, Reservation
from functions.upload.space import Space

GIB = 1024 * MIB


class Disk:
    """A database whose disk has 10 GiB, of which `free` are free, and that counts how often it is asked."""

    def __init__(self, free: int, total: int = 10 * GIB) -> None:
        self.free, self.total, self.asked = free, total, 0

    def command(self, name: str) -> dict[str, Any]:
        assert name == "dbStats"
        self.asked += 1
        return {"fsTotalSize": float(self.total), "fsUsedSize": float(self.total - self.free)} if self.total else {}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(space, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_upload_that_would_pass_the_watermark_is_refused(clock: SimpleNamespace) -> None:
    disk: Any = Disk(3 * GIB)
    watched = Space(disk, GIB)
    watched.check(2 * GIB)
    with pytest.raises(StoreFull):
        watched.check(2 * GIB + 1)
    disk.free = GIB // 2
    clock.now += 1
    with pytest.raises(StoreFull):
        watched.check(1)


def test_answer_about_the_disk_counts_for_a_second(clock: SimpleNamespace) -> None:
    """Many small uploads do not ask each time."""
    disk: Any = Disk(3 * GIB)
    watched = Space(disk, GIB)
    for _ in range(10):
        watched.check(1)
    assert disk.asked == 1
    clock.now += 1
    watched.check(1)
    assert disk.asked == 2


def test_hidden_disk_refuses_nothing() -> None:
    """A hosted MongoDB may report no size of its disk."""
    disk: Any = Disk(0, total=0)
    Space(disk, GIB).check(GIB)


def test_allowance_is_renewed_before_each_step() -> None:
    """Also if one write is longer than a step; a smaller allowance counts from then on."""
    asked = []

    def renew(size: int) -> Allowance:
        asked.append(size // STEP_BYTES)
        return Allowance(3 * STEP_BYTES, GIB)

    reservation = Reservation(Allowance(GIB, GIB), renew)
    reservation.check(STEP_BYTES)
    assert asked == []
    reservation.check(STEP_BYTES + 1)
    assert asked == [2]
    with pytest.raises(QuotaExceeded):
        reservation.check(3 * STEP_BYTES + 1)
    assert asked == [2, 3, 4]
