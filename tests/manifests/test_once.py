"""Shared parts are written once: the functions' common block, and the settings of an overlay."""

from typing import Any

import pytest
import yaml

from scripts.local.services import services
from tests.manifests.pods import is_function
from tests.manifests.rendering import OVERLAYS, REPOSITORY, Manifest, build, rendered

FUNCTIONS = REPOSITORY / "infra/functions"
COMMON = [(step["path"], step["value"]) for step in yaml.safe_load((FUNCTIONS / "common.yaml").read_text())]
FILES = sorted(main.parent.name for main in REPOSITORY.glob("functions/*/main.py"))
# And the functions that read it.
SETTINGS = {"PUBLIC_URL": ["auth", "download", "notify"], "REGISTRATION": ["auth"], "MAIL_FROM": ["notify"]}
ABSENT = object()


def at(path: str, manifest: Manifest) -> Any:
    """Return the value at the JSON pointer, ABSENT if there is none."""
    part: Any = manifest
    for key in path.lstrip("/").split("/"):
        part = part[int(key)] if isinstance(part, list) else part.get(key, ABSENT)
        if part is ABSENT:
            break
    return part


@pytest.mark.parametrize(("path", "value"), COMMON, ids=[path for path, _ in COMMON])
def test_every_function_has_the_common_block(path: str, value: Any, manifests: list[Manifest]) -> None:
    found = [at(path, manifest) for manifest in manifests if is_function(manifest)]
    assert found == [value] * len(FILES)


@pytest.mark.parametrize("name", FILES)
def test_functions_own_file_has_nothing_of_the_common_block(name: str) -> None:
    own = yaml.safe_load((FUNCTIONS / f"{name}.yaml").read_text())
    assert [path for path, _ in COMMON if at(path, own) is not ABSENT] == []


def test_laptop_reads_what_kustomize_renders() -> None:
    assert services() == {manifest["metadata"]["name"]: manifest for manifest in build(FUNCTIONS)}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_setting_of_the_overlay_reaches_its_function(overlay: str) -> None:
    folder = REPOSITORY / "infra/overlays" / overlay
    settings = yaml.safe_load((folder / "settings.yaml").read_text())["data"]
    assert settings.keys() == SETTINGS.keys() | {"TRUSTED_PROXIES"}  # the gateway's: see test_tls.py
    services = {it["metadata"]["name"]: it for it in rendered(overlay) if is_function(it)}
    for setting, functions in SETTINGS.items():
        for function in functions:
            variables = services[function]["spec"]["template"]["spec"]["containers"][0]["env"]
            assert {"name": setting, "value": settings[setting]} in variables


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_does_not_repeat_where_its_settings_go(overlay: str) -> None:
    kustomization = yaml.safe_load((REPOSITORY / "infra/overlays" / overlay / "kustomization.yaml").read_text())
    assert "../../settings" in kustomization["components"]
    assert kustomization.keys().isdisjoint({"replacements", "configMapGenerator"})
