"""The component `tls`, added to each overlay, and the gateway's rendering."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifests.pods import pods_of
from tests.manifests.rendering import REPOSITORY, Manifest, of_kind, with_component
from tests.manifests.rules import RULES

GATEWAY = REPOSITORY / "infra/gateway"
README = (REPOSITORY / "infra/tls/README.md").read_text()


def with_tls(overlay: str, folder: Path, **settings: str) -> list[Manifest]:
    return with_component("tls", overlay, folder, **settings)


def gateway_of(manifests: list[Manifest], kind: str) -> Manifest:
    (found,) = [it for it in of_kind(manifests, kind) if it["metadata"]["name"] == "gateway" and "spec" in it]
    return found


def _render(manifests: list[Manifest]) -> Any:
    """Return the container that renders the configuration."""
    containers = gateway_of(manifests, "Deployment")["spec"]["template"]["spec"]["initContainers"]
    return next(container for container in containers if container["name"] == "render")


def environment(manifests: list[Manifest]) -> dict[str, str]:
    """Return the variables of the container that renders the configuration; a Secret's value is empty."""
    render = _render(manifests)
    return {variable["name"]: variable.get("value", "") for variable in render["env"]}


def test_gateway_serves_https_with_the_certificate_of_the_secret(tmp_path: Path) -> None:
    """Configuration, mount, probes and Service; plain HTTP is redirected to the overlay's public URL."""
    manifests = with_tls("managed", tmp_path)
    variables = environment(manifests)
    assert (variables["SCHEME"], variables["PUBLIC_URL"]) == ("https", "https://video2mp3.example")
    pod = gateway_of(manifests, "Deployment")["spec"]["template"]["spec"]
    (nginx,) = pod["containers"]
    (mount,) = [it for it in nginx["volumeMounts"] if it["mountPath"] == variables["TLS"]]
    (volume,) = [it for it in pod["volumes"] if it["name"] == mount["name"]]
    assert volume["secret"] == {"secretName": "gateway-tls", "defaultMode": 0o440}
    assert {nginx[probe]["httpGet"]["scheme"] for probe in ("readinessProbe", "livenessProbe")} == {"HTTPS"}
    ports = {it["port"]: it["targetPort"] for it in gateway_of(manifests, "Service")["spec"]["ports"]}
    assert ports == {80: "http", 443: "http"}


@pytest.mark.parametrize("overlay", ["managed", "minikube"])
def test_pods_follow_every_rule_with_the_component(tmp_path: Path, overlay: str) -> None:
    pods = pods_of(with_tls(overlay, tmp_path))
    assert [(pod.name, rule.__name__) for pod in pods for rule in RULES if not rule(pod)] == []


def test_without_the_component_there_is_no_certificate(manifests: list[Manifest]) -> None:
    assert environment(manifests)["SCHEME"] == "http"
    assert "gateway-tls" not in yaml.safe_dump(gateway_of(manifests, "Deployment"))


def test_no_proxy_is_trusted_by_default(manifests: list[Manifest]) -> None:
    assert environment(manifests)["TRUSTED_PROXIES"] == ""


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_pod_renders_what_nginx_accepts(tmp_path: Path, scheme: str) -> None:
    """The script of the manifest replaces every variable of the templates, and lists the trusted proxies."""
    manifests = with_tls("managed", tmp_path, TRUSTED_PROXIES="10.0.3.0/24 10.0.4.1")
    render = _render(manifests)
    state = tmp_path / "state"
    state.mkdir()
    script = render["args"][0].replace("/template/", f"{GATEWAY}/").replace("/state/", f"{state}/")
    variables = environment(manifests) | {"SCHEME": scheme, "STATE": str(state), "LISTEN": "127.0.0.1:8080"}
    subprocess.run(["sh", "-ec", script], env=variables | {"PATH": os.environ["PATH"]}, check=True)
    trusted = (state / "trusted-proxies.conf").read_text()
    assert trusted == "set_real_ip_from 10.0.3.0/24;\nset_real_ip_from 10.0.4.1;\n"
    rendered = "".join(file.read_text() for file in state.glob("*.conf"))
    assert re.findall(r"^[^#\n]*\$\{.*", rendered, re.MULTILINE) == []
    nginx = ["nginx", "-t", "-e", "stderr", "-c", str(state / "nginx.conf")]
    path = f"{os.environ['PATH']}:/usr/sbin"
    checked = subprocess.run(nginx, env={"PATH": path}, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_readmes_certificate_is_the_one_that_is_mounted(tmp_path: Path) -> None:
    """The cert-manager Certificate of the README makes the Secret, for the host of the public URL."""
    (example,) = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
    assert (example["kind"], example["spec"]["secretName"]) == ("Certificate", "gateway-tls")
    url = environment(with_tls("managed", tmp_path))["PUBLIC_URL"]
    assert [f"https://{name}" for name in example["spec"]["dnsNames"]] == [url]
