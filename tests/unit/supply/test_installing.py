"""`install.sh` with recorded checksums, on a cluster that records what is applied to it."""

from pathlib import Path

import pytest

from tests.unit.supply.conftest import Checkout
from tests.unit.supply.outside import Releases

INSTALL, RECORD = "scripts/cluster/install.sh", "infra/versions/recorded.sha256"


@pytest.fixture
def cluster(checkout: Checkout) -> Path:
    """The file to which kubectl appends what it is given."""
    file = checkout.home / "cluster"
    checkout.program("kubectl", f'echo "$@" >>{file}; [[ $* != *"-f -"* ]] || cat >>{file}')
    return file


def record(checkout: Checkout, checksums: dict[str, str]) -> None:
    lines = [f"{checksum}  {url}\n" for url, checksum in checksums.items()]
    (checkout.root / RECORD).write_text("# recorded\n" + "".join(lines))


def test_manifests_with_their_recorded_checksum_are_installed(
    checkout: Checkout, releases: Releases, urls: list[str], cluster: Path
) -> None:
    record(checkout, {url: releases.publish(url, f"kind: {url}\n") for url in urls})

    done = checkout.run(INSTALL)

    assert (done.returncode, done.stderr) == (0, "")
    applied = cluster.read_text()
    assert [url for url in urls if f"kind: {url}\n" not in applied] == []


def test_manifest_with_another_checksum_is_refused_before_the_cluster_changes(
    checkout: Checkout, releases: Releases, urls: list[str], cluster: Path
) -> None:
    """The last manifest was replaced after its checksum had been recorded."""
    checksums = {url: releases.publish(url, f"kind: {url}\n") for url in urls[:-1]}
    replaced = releases.publish(urls[-1], "kind: Replaced\n")
    record(checkout, checksums | {urls[-1]: "0" * 64})

    done = checkout.run(INSTALL)

    assert done.returncode == 1
    assert f"{urls[-1]}\ndoes not have its recorded checksum. Nothing was installed." in done.stderr
    assert replaced in done.stderr
    assert not cluster.exists()


def test_manifests_without_a_recorded_checksum_are_named_and_installed(
    checkout: Checkout, releases: Releases, urls: list[str], cluster: Path
) -> None:
    checksums = {url: releases.publish(url, f"kind: {url}\n") for url in urls}
    record(checkout, {url: checksums[url] for url in urls[1:]})

    done = checkout.run(INSTALL)

    assert done.returncode == 0
    assert done.stderr.splitlines()[0].startswith("Not verified")
    assert [line.strip() for line in done.stderr.splitlines()[1:]] == urls[:1]
    assert f"kind: {urls[0]}\n" in cluster.read_text()
