"""The broker as a program of the laptop stack."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.local.ports import HOST
from scripts.local.program import Program

REPOSITORY = Path(__file__).parents[3]


def ingress_url(port: int) -> str:
    """Return the broker's address, which SinkBindings inject as K_SINK."""
    return f"http://{HOST}:{port}/"


def program(eventing: Path, services: Mapping[str, str], amqp_url: str, ingress_port: int) -> Program:
    """Return the one process that does what the manifests of `eventing` ask for; it may start before RabbitMQ.

    `services` are the URLs of Knative Services by their names.
    """
    env = {
        "AMQP_URL": amqp_url,
        "EVENTING": str(eventing),
        "INGRESS_URL": ingress_url(ingress_port),
        "PYTHONPATH": str(REPOSITORY),
        "SERVICES": json.dumps(dict(services)),
    }
    return Program("broker", [sys.executable, "-m", "scripts.local.broker"], env, env["INGRESS_URL"])
