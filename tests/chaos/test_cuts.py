"""The long form (`make test-chaos-long`): two hundred cuts at random moments."""

import pytest

from tests.chaos.cuts import KILLED, Cuts
from tests.support.stacks import RunningStack

CUTS = 200


@pytest.mark.timeout(1500)
def test_cut_uploads_are_stored_bit_by_bit(stack: RunningStack, seed: int) -> None:
    """No offset that was shown is taken back, and each video is stored as it is, with one job."""
    cuts = Cuts(stack, seed)
    assert cuts.run(CUTS) == []
    print(cuts.counts)
    assert cuts.counts == dict.fromkeys(KILLED, CUTS // len(KILLED))
