import os
import random
from collections.abc import Iterator

import pytest

from tests.chaos.clips import Clip, clips
from tests.chaos.crowd import Crowd
from tests.support.stacks import RunningStack


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def crowd(stack: RunningStack, videos: list[Clip]) -> Iterator[Crowd]:
    crowd = Crowd(stack, videos)
    yield crowd
    crowd.close()


@pytest.fixture
def seed() -> int:
    """The seed of this run: the variable CHAOS_SEED, or a random number, which a failure shows."""
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"CHAOS_SEED={seed}")
    return seed
