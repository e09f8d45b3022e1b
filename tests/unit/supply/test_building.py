"""`make images`, by a builder that does nothing."""

import re
from subprocess import CompletedProcess

from tests.unit.supply.conftest import Checkout

DOCKERFILE = "infra/images/Dockerfile"


def build(checkout: Checkout, digest: str) -> CompletedProcess[str]:
    """Build all images, their base with this digest."""
    for program in ("docker", "minikube"):
        checkout.program(program, "exit 0")
    unpinned = re.sub(r"@sha256:\w+", "", checkout.read(DOCKERFILE))
    (checkout.root / DOCKERFILE).write_text(unpinned.replace(":bookworm-slim AS", f":bookworm-slim{digest} AS"))
    return checkout.run("scripts/cluster/images.sh")


def test_build_says_that_its_base_has_no_digest(checkout: Checkout) -> None:
    done = build(checkout, digest="")
    assert done.returncode == 0
    assert "The base image of infra/images/Dockerfile is not pinned" in done.stderr


def test_build_on_a_pinned_base_says_nothing(checkout: Checkout) -> None:
    done = build(checkout, digest=f"@sha256:{'0' * 64}")
    assert (done.returncode, done.stderr) == (0, "")
