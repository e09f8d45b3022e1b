"""The functions' Knative Services, as kustomize renders infra/functions: the laptop has no kustomize."""

from pathlib import Path
from typing import Any

import yaml

from scripts.local.supervision import REPOSITORY

FOLDER = REPOSITORY / "infra/functions"

Service = dict[str, Any]


def services(folder: Path = FOLDER) -> dict[str, Service]:
    """Return the Services that the folder's kustomization lists by their names, with its patches applied.

    Each patch is a JSON patch (RFC 6902) for all Services. Raises ValueError for an operation other than `add`.
    """
    kustomization = _read(folder / "kustomization.yaml")
    found = {(service := _read(folder / name))["metadata"]["name"]: service for name in kustomization["resources"]}
    for patch in kustomization["patches"]:
        for service in found.values():
            for operation in _read(folder / patch["path"]):
                _add(service, operation)
    return found


def _add(service: Service, operation: dict[str, Any]) -> None:
    if operation["op"] != "add":
        raise ValueError(f"only `add` is implemented, not `{operation['op']}`")
    *parents, last = operation["path"].lstrip("/").split("/")
    part: Any = service
    for key in parents:
        part = part[int(key) if isinstance(part, list) else key]
    part[last] = operation["value"]


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())
