import json
from pathlib import Path

from scripts.local.broker.program import ingress_url, program


def test_broker_is_one_process_that_knows_the_services() -> None:
    """The broker listens at the address of SinkBindings, and gets the manifests, RabbitMQ and the functions' URLs."""
    services = {"convert": "http://127.0.0.1:9001"}
    made = program(Path("/eventing"), services, "amqp://user:secret@127.0.0.1:5672/", 9000)
    assert made.address == ingress_url(9000) == made.env["INGRESS_URL"] == "http://127.0.0.1:9000/"
    assert (made.env["EVENTING"], json.loads(made.env["SERVICES"])) == ("/eventing", services)
    assert made.env["AMQP_URL"] == "amqp://user:secret@127.0.0.1:5672/"
    assert "secret" not in " ".join(made.command)
