"""The functions as programs: each as its Knative Service in infra/functions/ says, one process for all its pods."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts.local.ports import HOST, free_port
from scripts.local.program import Program
from scripts.local.secrets import Secrets
from scripts.local.services import Service, services
from scripts.local.supervision import REPOSITORY

MAX_SCALE = "autoscaling.knative.dev/max-scale"


def program(name: str, env: Mapping[str, str]) -> Program:
    """Return `functions/NAME/main.py` under functions-framework, with this environment, on a free port."""
    port = free_port()
    framework = {
        "FUNCTION_SOURCE": f"functions/{name}/main.py",
        "FUNCTION_TARGET": name,
        "HOST": HOST,
        "PORT": str(port),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "functions.shared.server"]
    return Program(name, command, {**framework, **env}, f"http://{HOST}:{port}")


@dataclass(frozen=True)
class Functions:
    """Every Knative Service of infra/functions/ on this machine.

    `sinks` are the addresses that SinkBindings give to the functions named; `settings` replace what a manifest says
    for the cluster alone.
    """

    secrets: Secrets
    sinks: Mapping[str, str]
    settings: Mapping[str, str]
    urls: dict[str, str] = field(default_factory=dict)

    def programs(self) -> list[Program]:
        """Return all of them; fills `urls` by the functions' names."""
        manifests = services()
        self.urls.update({name: f"http://{HOST}:{free_port()}" for name in manifests})
        return [self._program(name, manifest) for name, manifest in manifests.items()]

    def _program(self, name: str, service: Service) -> Program:
        pod, scale = service["spec"]["template"]["spec"], service["spec"]["template"]["metadata"]["annotations"]
        container = pod["containers"][0]
        env = {variable["name"]: self._value(variable) for variable in container["env"]}
        env["THREADS"] = str(int(pod["containerConcurrency"]) * int(scale[MAX_SCALE]))
        env["K_SERVICE"] = name
        env["PORT"] = self.urls[name].rpartition(":")[2]
        if name in self.sinks:
            env["K_SINK"] = self.sinks[name]
        made = program(name, env)
        return Program(name, made.command, made.env, self.urls[name])

    def _value(self, variable: Mapping[str, Any]) -> str:
        if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
            return self.secrets.read(reference["name"], reference["key"])
        value = str(variable["value"])
        for name, url in self.urls.items():
            value = value.replace(f"http://{name}.video2mp3.svc.cluster.local", url)
        return self.settings.get(variable["name"], value)


def sinks(eventing: Path, broker: str) -> dict[str, str]:
    """Return the broker's address for each function that a SinkBinding binds to it."""
    bindings = [yaml.safe_load(file.read_text()) for file in eventing.glob("sinkbinding-*.yaml")]
    return {binding["spec"]["subject"]["name"]: broker for binding in bindings}
