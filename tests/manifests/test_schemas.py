"""The objects are what Kubernetes takes."""

from collections import Counter

import kubernetes_validate
import pytest

from tests.manifests.rendering import VERSIONS, Manifest

# Their schemas come with the operators, not with Kubernetes.
OTHERS = (
    "serving.knative.dev/v1",
    "eventing.knative.dev/v1",
    "eventing.knative.dev/v1alpha1",
    "eventing.knative.dev/v1beta3",
    "sources.knative.dev/v1",
    "rabbitmq.com/v1beta1",
)


def test_every_object_of_kubernetes_is_valid(manifests: list[Manifest]) -> None:
    """Each follows its kind's schema of the Kubernetes version that we name, which knows all of its fields."""
    core = [manifest for manifest in manifests if manifest["apiVersion"] not in OTHERS]
    assert len(core) >= 20
    for manifest in core:
        kubernetes_validate.validate(manifest, VERSIONS["KUBERNETES"], strict=True)


def test_a_wrong_field_is_noticed(manifests: list[Manifest]) -> None:
    """A typing error in a field's name is not passed over."""
    wrong = next(manifest for manifest in manifests if manifest["kind"] == "Deployment")
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(wrong | {"spec": wrong["spec"] | {"replica": 2}}, "1.34", strict=True)


def test_nothing_is_there_twice(manifests: list[Manifest]) -> None:
    """No two objects have the same kind and name, and all lie in the product's namespace."""
    keys = Counter((it["apiVersion"], it["kind"], it["metadata"]["name"]) for it in manifests)
    assert set(keys.values()) == {1}
    assert {it["metadata"].get("namespace") for it in manifests if it["kind"] != "Namespace"} == {"video2mp3"}
