"""What checkov says of what a cluster gets and of the images: nothing, but for what is refused here with its reason."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.manifests.pods import is_function, pods_of
from tests.manifests.rendering import OVERLAYS, REPOSITORY, Manifest, rendered

FUNCTIONS = {main.parent.name for main in REPOSITORY.glob("functions/*/main.py")}
JOBS = {"mongodb-setup", "mysql-setup", "replay"}
STORES = {"mongodb", "mysql"}
OF_KNATIVE = ("containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds")

REFUSED = {
    # Secrets as files, not as variables. A function's settings come by one way, on laptop and cluster, all of them or
    # it does not start; ffmpeg, the one program that it starts, is given no environment.
    "CKV_K8S_35": FUNCTIONS | JOBS | STORES,
    # Images by digest. The tag of ours is a hash of all that goes into them; those of others go by version, under which
    # they get Debian's security updates.
    "CKV_K8S_43": FUNCTIONS | JOBS | STORES | {"gateway", "mail"},
    # To pull each time. A tag of ours never is another image's, and Minikube's come from no registry.
    "CKV_K8S_15": FUNCTIONS | JOBS | STORES | {"gateway", "mail"},
    # A security context of the pod. Knative refuses one unless a flag allows it; each container has its own.
    "CKV_K8S_29": FUNCTIONS,
    # A user above 10000. Theirs is their images' own, to whom the files of existing volumes belong.
    "CKV_K8S_40": STORES,
}
REFUSED_TO_IMAGES = {"CKV_DOCKER_2"}  # a HEALTHCHECK: Kubernetes reads none, and each pod has its probes


def as_deployed(manifest: Manifest) -> Manifest:
    """Return it with images as `make deploy` names them, and a function as a Deployment: checkov knows no Knative."""
    text = yaml.safe_dump(manifest)
    for function in FUNCTIONS:
        text = text.replace(f"image: video2mp3/{function}\n", f"image: dev.local/video2mp3/{function}:0123456789ab\n")
    named: Manifest = yaml.safe_load(text)
    if not is_function(named):
        return named
    template = named["spec"]["template"]
    pod = {field: value for field, value in template["spec"].items() if field not in OF_KNATIVE}
    spec = {"selector": {"matchLabels": template["metadata"]["labels"]}, "template": template | {"spec": pod}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named["metadata"], "spec": spec}


def found(framework: str, file: Path, home: Path) -> dict[str, set[str]]:
    """Return which checks fail, and of what."""
    command = [str(REPOSITORY / ".local/checkov/bin/checkov"), "--framework", framework, "--file", str(file)]
    env = {"HOME": str(home), "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"}
    said = subprocess.run(
        [*command, "--output", "json", "--skip-download"], env=env, capture_output=True, check=False
    ).stdout
    report = json.loads(said)
    assert report["summary"]["parsing_errors"] == 0
    failed: dict[str, set[str]] = {}
    for one in report["results"]["failed_checks"]:
        failed.setdefault(one["check_id"], set()).add(one["resource"].split(".")[-1])
    return failed


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_cluster_gets_what_checkov_asks_for(overlay: str, tmp_path: Path) -> None:
    """Exactly what is refused is missing, of exactly those to whom it is refused."""
    manifests = rendered(overlay)
    file = tmp_path / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(as_deployed(manifest) for manifest in manifests))
    pods = {pod.name for pod in pods_of(manifests)}
    refused = {check: whom & pods for check, whom in REFUSED.items() if whom & pods}
    assert found("kubernetes", file, tmp_path) == refused


def test_the_images_are_made_as_checkov_asks_for(tmp_path: Path) -> None:
    """Exactly what is refused is missing."""
    assert found("dockerfile", REPOSITORY / "infra/images/Dockerfile", tmp_path).keys() == REFUSED_TO_IMAGES
