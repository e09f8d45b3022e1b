"""A function that does nothing, on functions-framework alone: the reference for cold starts."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.kubectl import get, is_true, kubectl, service
from tests.support.waiting import eventually

NAME = "bare"
# The program writes its own source, as a volume for the source would delay the start of its pods.
PROGRAM = r"""
import pathlib, runpy
pathlib.Path("/dev/shm/main.py").write_text("def bare(request):\n    return ''\n")
runpy.run_module("functions_framework", run_name="__main__")
"""


@contextmanager
def bare_function() -> Iterator[None]:
    """Deploy it in notify's image, with its requests and limits, but none of its settings, code and libraries."""
    template = service("notify")["spec"]["template"]
    template["metadata"]["labels"] = {"app.kubernetes.io/name": NAME}
    container = template["spec"]["containers"][0]
    container["command"] = ["/usr/bin/tini", "--", "/usr/bin/python3.11", "-S", "-P", "-c", PROGRAM]
    container["env"] = [
        {"name": "FUNCTION_SOURCE", "value": "/dev/shm/main.py"},
        {"name": "FUNCTION_TARGET", "value": NAME},
    ]
    labels = {"networking.knative.dev/visibility": "cluster-local"}
    function = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": NAME, "labels": labels},
        "spec": {"template": template},
    }
    kubectl("create", "--filename=-", manifest=function)
    try:
        eventually(lambda: is_true(get("services.serving.knative.dev", NAME), "Ready"), 120, NAME, every=0.5)
        yield
    finally:
        kubectl("delete", f"services.serving.knative.dev/{NAME}")
