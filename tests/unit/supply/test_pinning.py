"""`make pin` against a registry and a release server of this machine: what it records, and what it keeps."""

import re
from collections.abc import Callable

import pytest

from tests.unit.supply.conftest import Checkout
from tests.unit.supply.outside import Registry, Releases

PIN = "scripts/pin.sh"
VERSIONS, DOCKERFILE, RECORD = (
    "infra/versions/versions.env",
    "infra/images/Dockerfile",
    "infra/versions/recorded.sha256",
)
RECORDS = (VERSIONS, DOCKERFILE, RECORD)
# The images of others, as the registry knows them, by the name of their version.
REPOSITORIES = {
    "NGINX": "library/nginx",
    "MONGODB": "library/mongo",
    "MYSQL": "library/mysql",
    "RABBITMQ": "library/rabbitmq",
    "MAILPIT": "axllent/mailpit",
}

Push = Callable[[str], dict[str, str]]


def versions(checkout: Checkout) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(\S+)$", checkout.read(VERSIONS), re.MULTILINE))


def recorded(checkout: Checkout) -> dict[str, str]:
    """Return the recorded digest or checksum of each name."""
    lines = [line.split() for line in checkout.read(RECORD).splitlines() if not line.startswith("#")]
    return {name: digest for digest, name in lines}


def images(versions: dict[str, str]) -> dict[str, str]:
    """Return the digest of each image by its name, as in the record."""
    names = {name: repository.removeprefix("library/") for name, repository in REPOSITORIES.items()}
    pairs = [
        (names.get(name, "docker.io/library/debian"), version.split("@sha256:")) for name, version in versions.items()
    ]
    return {f"{repository}:{tag}": digest for repository, (tag, digest) in pairs}


@pytest.fixture
def published(releases: Releases, urls: list[str]) -> dict[str, str]:
    """The checksum of each release manifest that the server has."""
    assert len(urls) == 9
    return {url: releases.publish(url, f"kind: {url}\n") for url in urls}


@pytest.fixture
def push(checkout: Checkout, registry: Registry) -> Push:
    """Push every image with this content; return the pinned version of each, and that of Debian."""
    tags = {name: versions(checkout)[name] for name in REPOSITORIES}

    def push(content: str) -> dict[str, str]:
        pinned = {name: f"{tags[name]}@{registry.push(REPOSITORIES[name], tags[name], content)}" for name in tags}
        return pinned | {"DEBIAN": f"bookworm-slim@{registry.push('library/debian', 'bookworm-slim', content)}"}

    return push


def pinned(checkout: Checkout) -> dict[str, str]:
    """Return the recorded version of each image."""
    (base,) = re.findall(r"^FROM docker\.io/library/debian:(\S+) AS debian$", checkout.read(DOCKERFILE), re.MULTILINE)
    return {name: versions(checkout)[name] for name in REPOSITORIES} | {"DEBIAN": base}


def test_digests_and_checksums_are_recorded(checkout: Checkout, push: Push, published: dict[str, str]) -> None:
    """A tag's digest is that of its index, which is the same for all architectures."""
    pushed = push("first")
    before = versions(checkout)

    done = checkout.run(PIN)

    assert (done.returncode, done.stderr) == (0, "")
    assert pinned(checkout) == pushed
    assert recorded(checkout) == images(pushed) | published
    assert {name: value for name, value in versions(checkout).items() if name not in pushed} == {
        name: value for name, value in before.items() if name not in pushed
    }


@pytest.mark.usefixtures("published")
def test_second_run_changes_nothing(checkout: Checkout, push: Push) -> None:
    push("first")
    checkout.run(PIN)
    before = [checkout.read(name) for name in RECORDS]

    done = checkout.run(PIN)

    assert done.returncode == 0
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"unchanged"}
    assert [checkout.read(name) for name in RECORDS] == before


def test_moved_tags_and_changed_manifests_are_reported_and_recorded(
    checkout: Checkout, push: Push, registry: Registry, releases: Releases, published: dict[str, str]
) -> None:
    push("first")
    checkout.run(PIN)
    registry.clear()
    releases.server.clear()
    changed = {url: releases.publish(url, "kind: Changed\n") for url in published}
    pushed = push("second")

    done = checkout.run(PIN)

    assert done.returncode == 0
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"CHANGED"}
    assert pinned(checkout) == pushed
    assert recorded(checkout) == images(pushed) | changed


def test_unresolved_names_are_reported_and_keep_their_record(
    checkout: Checkout, push: Push, registry: Registry, releases: Releases, published: dict[str, str]
) -> None:
    """The registry has lost all images but NGINX's, which has moved, and the release server all manifests but one."""
    first = push("first")
    checkout.run(PIN)
    registry.clear()
    releases.server.clear()
    tag = first["NGINX"].partition("@")[0]
    moved = {"NGINX": f"{tag}@{registry.push('library/nginx', tag, 'second')}"}
    url = next(iter(published))
    changed = {url: releases.publish(url, "kind: Changed\n")}

    done = checkout.run(PIN)

    assert done.returncode == 1
    unresolved = re.findall(r"^NOT RESOLVED (\S+): \S", done.stderr, re.MULTILINE)
    assert len(unresolved) == len(first) - 1 + len(published) - 1
    assert f"mysql:{first['MYSQL'].partition('@')[0]}" in unresolved
    assert pinned(checkout) == first | moved
    assert recorded(checkout) == images(first | moved) | published | changed


def test_without_a_network_nothing_is_recorded(checkout: Checkout, registry: Registry, releases: Releases) -> None:
    """Nothing listens where the registry and the release server were."""
    registry.server.stop()
    releases.server.stop()
    before = [checkout.read(name) for name in RECORDS]

    done = checkout.run(PIN)

    assert done.returncode == 1
    assert done.stderr.count("nothing stays recorded") == len(REPOSITORIES) + 1 + 9
    assert [checkout.read(name) for name in RECORDS] == before


def test_digest_of_another_tag_is_removed_if_the_new_tag_is_not_resolved(
    checkout: Checkout, push: Push, registry: Registry, published: dict[str, str]
) -> None:
    """Somebody has changed the tag and left its digest, which would win."""
    first = push("first")
    checkout.run(PIN)
    registry.clear()
    tag, _, digest = first["NGINX"].partition("@")
    file = checkout.root / VERSIONS
    file.write_text(file.read_text().replace(f"NGINX={tag}@{digest}", f"NGINX=9.9.9@{digest}"))

    done = checkout.run(PIN)

    assert done.returncode == 1
    assert versions(checkout)["NGINX"] == "9.9.9"
    others = {name: version for name, version in first.items() if name != "NGINX"}
    assert recorded(checkout) == images(others) | published
