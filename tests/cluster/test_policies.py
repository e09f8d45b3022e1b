"""NetworkPolicies in force: what a pod of another namespace reaches."""

import json

import pytest

from tests.support import operators_pods
from tests.support.kubectl import FUNCTIONS, NAMESPACE, items, kubectl, run_python, running

pytestmark = pytest.mark.timeout(600)

CLOSED = {
    "mongodb": 27017,
    "mysql": 3306,
    "rabbitmq": 5672,
    "rabbitmq management": 15672,
    "mail": 1025,
    "mail page": 8025,
    "default-broker-ingress": 80,
}
CONNECT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reaches(address):
    try:
        socket.create_connection(address, 10).close()
    except OSError:
        return False
    return True
addresses = {name: tuple(address) for name, address in json.loads(sys.argv[1]).items()}
with ThreadPoolExecutor(len(addresses)) as pool:
    print(json.dumps(dict(zip(addresses, pool.map(reaches, addresses.values())))))
"""


def test_pods_of_operators_have_the_labels_that_the_policies_select() -> None:
    """The pods that no manifest of ours describes are exactly the recorded ones, with exactly their labels."""
    recorded = operators_pods.recorded()
    pods = json.loads(kubectl("get", "pods", "--all-namespaces", "--output=json"))["items"]
    found = operators_pods.listed(pods)
    ours = {
        name
        for name, labels in found.items()
        if "serving.knative.dev/service" in labels
        or name.split("/")[1].startswith(("gateway", "mail", "mongodb", "mysql", "replay"))
    }
    mine = {name for name in found if name.startswith(f"{NAMESPACE}/")} - ours
    assert {name: found.get(name) for name in recorded.keys() | mine} == recorded


def test_webhook_reaches_its_stores_and_no_other_pod() -> None:
    """Users choose where it connects to. A policy is in force a moment after a pod's start."""
    addresses = {name: (f"{name.split()[0]}.{NAMESPACE}.svc.cluster.local", port) for name, port in CLOSED.items()}
    for pod in running(items("pods")):
        addresses |= {f"{pod['metadata']['name']}:{port}": (pod["status"]["podIP"], port) for port in (443, 8012, 8080)}
    later = "import time; time.sleep(6)" + CONNECT
    said = run_python(later, json.dumps(addresses), function="webhook", secrets={}, namespace=NAMESPACE)
    assert {name for name, reaches in json.loads(said).items() if reaches} == {"mongodb", "mysql"}


def test_stranger_reaches_the_gateway_and_nothing_else(strange_namespace: str) -> None:
    """No store, no broker ingress, no function: neither at its pod, nor at Kourier's internal listener."""
    addresses = {name: (f"{name.split()[0]}.{NAMESPACE}.svc.cluster.local", port) for name, port in CLOSED.items()}
    for function in FUNCTIONS:
        addresses[f"{function}'s route"] = (f"{function}.{NAMESPACE}.svc.cluster.local", 80)
    for pod in running(items("pods")):
        for port in (
            port["containerPort"] for container in pod["spec"]["containers"] for port in container.get("ports", [])
        ):
            addresses[f"{pod['metadata']['name']}:{port}"] = (pod["status"]["podIP"], port)
    addresses["gateway"] = (f"gateway.{NAMESPACE}.svc.cluster.local", 80)
    said = run_python(CONNECT, json.dumps(addresses), function="sweep", secrets={}, namespace=strange_namespace)
    reached = {name for name, reaches in json.loads(said).items() if reaches}
    gateways = {f"{pod['metadata']['name']}:8080" for pod in items("pods", "app.kubernetes.io/name=gateway")}
    assert reached == {"gateway", *gateways}
