"""A function that does nothing, on functions-framework alone: what a start from zero is compared with."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.kubectl import get, is_true, kubectl, service
from tests.person import eventually

NAME = "bare"
SOURCE = "def bare(request):\n    return ''\n"


@contextmanager
def bare_function() -> Iterator[None]:
    """Deploy it in notify's image, with its requests and limits, but none of its settings, code and libraries."""
    template = service("notify")["spec"]["template"]
    template["metadata"]["labels"] = {"app.kubernetes.io/name": NAME}
    container = template["spec"]["containers"][0]
    container["env"] = [
        {"name": "FUNCTION_SOURCE", "value": f"/{NAME}/main.py"},
        {"name": "FUNCTION_TARGET", "value": NAME},
    ]
    container["volumeMounts"] = [{"name": "source", "mountPath": f"/{NAME}"}]
    template["spec"]["volumes"] = [{"name": "source", "configMap": {"name": NAME}}]
    labels = {"networking.knative.dev/visibility": "cluster-local"}
    function = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": NAME, "labels": labels},
        "spec": {"template": template},
    }
    kubectl("create", "configmap", NAME, f"--from-literal=main.py={SOURCE}")
    try:
        kubectl("create", "--filename=-", manifest=function)
        eventually(lambda: is_true(get("services.serving.knative.dev", NAME), "Ready"), 120, NAME, every=0.5)
        yield
    finally:
        kubectl("delete", f"configmap/{NAME}", f"services.serving.knative.dev/{NAME}", "--ignore-not-found")
