"""Every test with the fixture `manifests` runs for each rendered overlay."""

import pytest

from tests.manifests.rendering import OVERLAYS, Manifest, rendered


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """Every object of one overlay."""
    return rendered(request.param)
