"""The objects are valid for Kubernetes."""

from collections import Counter

import kubernetes_validate
import pytest

from tests.manifests.rendering import VERSIONS, Manifest

# The schemas of these kinds come with the operators, not with Kubernetes.
OTHERS = (
    "serving.knative.dev/v1",
    "eventing.knative.dev/v1",
    "eventing.knative.dev/v1alpha1",
    "eventing.knative.dev/v1beta3",
    "sources.knative.dev/v1",
    "rabbitmq.com/v1beta1",
)


def test_every_object_of_kubernetes_is_valid(manifests: list[Manifest]) -> None:
    """Each object satisfies the schema of its kind in the Kubernetes version of versions.env, without other fields."""
    core = [manifest for manifest in manifests if manifest["apiVersion"] not in OTHERS]
    assert len(core) >= 20
    for manifest in core:
        kubernetes_validate.validate(manifest, VERSIONS["KUBERNETES"], strict=True)


def test_unknown_field_is_detected(manifests: list[Manifest]) -> None:
    """A field with a typing error in its name fails."""
    wrong = next(manifest for manifest in manifests if manifest["kind"] == "Deployment")
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(wrong | {"spec": wrong["spec"] | {"replica": 2}}, "1.34", strict=True)


def test_no_two_objects_have_the_same_kind_and_name(manifests: list[Manifest]) -> None:
    """No two objects collide, and all are in the product's namespace."""
    keys = Counter((it["apiVersion"], it["kind"], it["metadata"]["name"]) for it in manifests)
    assert set(keys.values()) == {1}
    assert {it["metadata"].get("namespace") for it in manifests if it["kind"] != "Namespace"} == {"video2mp3"}
