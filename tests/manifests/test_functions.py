"""The functions' Knative Services, as their code needs them. `tests/integration/privileges` tests their secrets."""

from typing import Any

import pytest

from tests.manifests.pods import is_function
from tests.manifests.rendering import REPOSITORY, VERSIONS, Manifest

AUTOSCALING = "autoscaling.knative.dev"
LOCAL = {"convert", "deadletter", "notify", "sweep", "webhook"}
SECONDS = {
    "auth": 60,
    "convert": 600,
    "deadletter": 60,
    "download": 3600,
    "notify": 60,
    "sweep": 600,
    "upload": 3600,
    "webhook": 60,
}


@pytest.fixture
def services(manifests: list[Manifest]) -> dict[str, Manifest]:
    """The Knative Services by their names."""
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if is_function(manifest)}


def container(service: Manifest) -> dict[str, Any]:
    (only,) = service["spec"]["template"]["spec"]["containers"]
    return dict(only)


def plain(service: Manifest) -> dict[str, str]:
    """Return the variables whose values are in the manifest."""
    return {variable["name"]: variable["value"] for variable in container(service)["env"] if "value" in variable}


def test_every_function_has_a_service(services: dict[str, Manifest]) -> None:
    """Every function has a service, and every service a function."""
    assert services.keys() == {main.parent.name for main in REPOSITORY.glob("functions/*/main.py")}


def test_service_runs_its_function(services: dict[str, Manifest]) -> None:
    """The image, whose name contains the function's name, and the label of the pods are the function's."""
    for name, service in services.items():
        assert container(service)["image"] == f"dev.local/video2mp3/{name}:{VERSIONS['VIDEO2MP3']}"
        assert service["spec"]["template"]["metadata"]["labels"] == {"app.kubernetes.io/name": name}


def test_image_starts_the_function_that_it_is_built_for() -> None:
    """The manifests name no source and no target: the Dockerfile takes them from the build argument."""
    stage = (REPOSITORY / "infra/images/Dockerfile").read_text().split(" AS function\n")[1]
    assert "ENV FUNCTION_SOURCE=functions/$FUNCTION/main.py FUNCTION_TARGET=$FUNCTION" in stage.splitlines()


def test_pod_has_a_thread_for_each_concurrent_request(services: dict[str, Manifest]) -> None:
    """With fewer threads, requests would wait that another pod could process."""
    for service in services.values():
        assert plain(service)["THREADS"] == str(service["spec"]["template"]["spec"]["containerConcurrency"])


def test_request_timeouts_fit_the_functions_work(services: dict[str, Manifest]) -> None:
    """An hour for uploads and downloads, ten minutes for conversions, before and after the answer's first byte."""
    pods = {name: service["spec"]["template"]["spec"] for name, service in services.items()}
    assert {name: pod["timeoutSeconds"] for name, pod in pods.items()} == SECONDS
    assert {name: pod["responseStartTimeoutSeconds"] for name, pod in pods.items()} == SECONDS


def test_event_functions_have_no_route_from_outside(services: dict[str, Manifest]) -> None:
    """In each overlay; `test_public_routes.py` has the other functions."""
    key = "networking.knative.dev/visibility"
    assert {services[name]["metadata"]["labels"].get(key) for name in LOCAL} == {"cluster-local"}


def test_every_function_scales_to_zero_and_has_a_limit(services: dict[str, Manifest]) -> None:
    """The annotations are those of the revision, where Knative reads them."""
    for service in services.values():
        scale = service["spec"]["template"]["metadata"]["annotations"]
        assert scale[f"{AUTOSCALING}/min-scale"] == "0"
        assert 1 <= int(scale[f"{AUTOSCALING}/max-scale"]) <= 10
        assert f"{AUTOSCALING}/initial-scale" not in scale


def test_convert_requires_landlock(services: dict[str, Manifest]) -> None:
    """On a node whose kernel has no Landlock, convert does not start."""
    assert plain(services["convert"])["LANDLOCK_REQUIRED"] == "true"


def test_convert_processes_one_video_per_pod(services: dict[str, Manifest]) -> None:
    """Its scratch volume fits a video of 4 GiB and its MP3, and its limit of ephemeral storage fits the volume."""
    pod = services["convert"]["spec"]["template"]["spec"]
    assert pod["containerConcurrency"] == 1
    (scratch,) = [volume for volume in pod["volumes"] if "emptyDir" in volume]
    assert scratch["emptyDir"] == {"sizeLimit": "5500Mi"}
    assert container(services["convert"])["resources"]["limits"]["ephemeral-storage"] == "6Gi"
    assert plain(services["convert"])["SCRATCH"] == container(services["convert"])["volumeMounts"][0]["mountPath"]
