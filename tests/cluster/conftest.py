"""A deployed system on any cluster, and its users.

Users last for the session, as the gateway allows ten logins a minute from one address: each test checks its own jobs.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kubectl import NAMESPACE, KubectlError, forwarded, items, kubectl
from tests.support.visitors import Direct, Visitor

FIGURES = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session", autouse=True)
def cluster() -> None:
    """End the session with a message if there is nothing to test."""
    try:
        services = items("services.serving.knative.dev")
    except FileNotFoundError:
        pytest.exit("kubectl is not installed.", 1)
    except KubectlError as error:
        pytest.exit(f"There is no cluster with Knative that kubectl reaches: {error}", 1)
    if not services:
        pytest.exit(f"Nothing is deployed in the namespace {NAMESPACE}: `make deploy` does it.", 1)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> dict[str, str]:
    """The tests' measurements, printed at the end."""
    return pytestconfig.stash.setdefault(FIGURES, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(FIGURES, {})
    if figures:
        terminalreporter.section("measured")
    for what, figure in figures.items():
        terminalreporter.write_line(f"{what:<64} {figure}")


@pytest.fixture(scope="session")
def gateway(cluster: None) -> Iterator[str]:
    with forwarded("service/gateway") as url:
        yield url


@pytest.fixture(scope="session")
def ingress(cluster: None) -> Iterator[str]:
    """Kourier's listener for requests from outside of the cluster."""
    with forwarded("service/kourier", "kourier-system") as url:
        yield url


@pytest.fixture(scope="session")
def mailpit(cluster: None) -> Iterator[str]:
    with forwarded("service/mail") as url:
        yield url


@pytest.fixture(scope="session")
def anna(gateway: str, mailpit: str) -> Visitor:
    return Visitor(gateway, mailpit)


@pytest.fixture(scope="session")
def berta(gateway: str, mailpit: str) -> Visitor:
    return Visitor(gateway, mailpit)


@pytest.fixture(scope="session")
def direct(ingress: str, mailpit: str) -> Direct:
    return Direct(ingress, mailpit)


@pytest.fixture(scope="session")
def strange_namespace(cluster: None) -> Iterator[str]:
    """Another namespace than the product's, with Pod Security `restricted` enforced."""
    name = f"{NAMESPACE}-strangers"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    kubectl("apply", "--filename=-", manifest=namespace)
    yield name
    kubectl("delete", "namespace", name)


@pytest.fixture(scope="session")
def minutes(film_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film clip's sound, repeated for 5 min."""
    return repeated(film_clip, 60, tmp_path_factory.mktemp("media") / "minutes.mp4")


@pytest.fixture(scope="session")
def half_an_hour(film_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film clip's sound, repeated for 30 min."""
    return repeated(film_clip, 340, tmp_path_factory.mktemp("media") / "half-an-hour.mp4")


def repeated(clip: Path, times: int, target: Path) -> Path:
    source = ["-stream_loop", str(times - 1), "-i", str(clip)]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-map", "0:a", "-c", "copy", str(target)], check=True)
    return target
