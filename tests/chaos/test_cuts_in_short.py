"""The short form: each of client, upload, gateway and MongoDB cuts resumable uploads twice."""

import pytest

from tests.chaos.cuts import KILLED, Cuts
from tests.support.stacks import RunningStack


@pytest.mark.timeout(300)
def test_cut_uploads_are_stored_bit_by_bit(stack: RunningStack, seed: int) -> None:
    """No offset that was shown is taken back, and each video is stored as it is, with one job."""
    cuts = Cuts(stack, seed)
    assert cuts.run(2 * len(KILLED)) == []
