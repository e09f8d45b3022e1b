"""A subscriber in place of convert, which answers every event with the same status."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.kubectl import RESTRICTED, Resource, get, is_true, items, kubectl, service
from tests.support.waiting import eventually

TRIGGER = "convert-on-video-uploaded"
ANSWER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        print(self.headers["ce-subject"], flush=True)
        self.send_response(int(os.environ["STATUS"]))
        self.end_headers()
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Subscriber:
    """The Knative Service `name`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def deliveries(self, job: str) -> int:
        """Return the number of deliveries of the job's event."""
        selector = f"--selector=serving.knative.dev/service={self.name}"
        return kubectl("logs", selector, "--container=function", "--tail=-1").split().count(job)


@contextmanager
def in_place_of_convert(status: int) -> Iterator[Subscriber]:
    """Deliver `video.uploaded` to a subscriber that answers `status`, until the block ends."""
    subscriber = Subscriber(f"answers-{status}")
    kubectl("apply", "--filename=-", manifest=manifest(subscriber.name, status))
    try:
        eventually(lambda: is_true(service(subscriber.name), "Ready"), 120, subscriber.name, every=1)
        subscribe(subscriber.name)
        yield subscriber
    finally:
        subscribe("convert")
        kubectl("delete", "services.serving.knative.dev", subscriber.name)


def subscribe(name: str) -> None:
    """Point convert's trigger at the Knative Service, and return when no dispatcher has another address."""
    kubectl(
        "patch",
        "trigger",
        TRIGGER,
        "--type=merge",
        f'--patch={{"spec":{{"subscriber":{{"ref":{{"name":"{name}"}}}}}}}}',
    )
    uri = f"http://{name}.video2mp3.svc.cluster.local"

    def dispatched() -> bool:
        trigger = get("trigger", TRIGGER)
        pods = [
            pod
            for pod in items("pods", "eventing.knative.dev/brokerRole=dispatcher")
            if pod["metadata"]["name"].startswith(TRIGGER)
        ]
        return (
            is_true(trigger, "Ready")
            and trigger["status"]["subscriberUri"] == uri
            and len(pods) == 1
            and is_true(pods[0], "Ready")
            and {"name": "SUBSCRIBER", "value": uri} in pods[0]["spec"]["containers"][0]["env"]
        )

    eventually(dispatched, 180, f"the trigger's turn to {name}", every=1)


def manifest(name: str, status: int) -> Resource:
    image = service("sweep")["spec"]["template"]["spec"]["containers"][0]["image"]
    container = {
        "name": "function",
        "image": image,
        "command": ["python3.11", "-c", ANSWER],
        "env": [{"name": "STATUS", "value": str(status)}],
        "readinessProbe": {"tcpSocket": {}},
        "securityContext": RESTRICTED,
    }
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"networking.knative.dev/visibility": "cluster-local"}},
        "spec": {
            "template": {
                "metadata": {"annotations": {"autoscaling.knative.dev/min-scale": "1"}},
                "spec": {"automountServiceAccountToken": False, "containers": [container]},
            }
        },
    }
