from pathlib import Path

import pytest

from scripts.local.broker.manifests import Eventing, _child_name
from scripts.local.broker.topology import Topology

EVENTING = Path(__file__).parents[3] / "eventing"
UID = "5b0c1c6e-7a7e-4b57-9d0c-0d6f2b4c1a11"


def test_projects_manifests_are_read() -> None:
    """The project's own broker, triggers and PingSource are found."""
    found = Eventing.read(EVENTING)
    assert (found.broker.namespace, found.broker.name, found.broker.queue_type) == ("video2mp3", "default", "quorum")
    assert {trigger.name: trigger.parallelism for trigger in found.triggers} == {
        "convert-on-video-uploaded": 2,
        "notify-on-audio-converted": 3,
        "notify-on-conversion-failed": 3,
        "notify-on-video-uploaded": 2,
    }
    assert [ping.source for ping in found.ping_sources] == ["/apis/v1/namespaces/video2mp3/pingsources/sweep"]


def test_topology_has_the_real_names() -> None:
    """Exchanges, queues, their arguments and bindings are named as eventing-rabbitmq names them."""
    eventing = Eventing.read(EVENTING)
    uid, topology = eventing.broker.uid, Topology.of(eventing)
    assert topology.exchanges == [f"b.video2mp3.default.{uid}", f"b.video2mp3.default.dlx.{uid}"]
    assert topology.queues[:2] == [
        f"b.video2mp3.default.dlq.{uid}",
        f"video2mp3.convert-on-video-uploaded.{uid}",
    ]
    assert topology.queue_arguments == {"x-queue-type": "quorum"}
    assert [binding.arguments for binding in topology.bindings[:2]] == [
        {"x-knative-dlq": "default", "x-match": "all"},
        {
            "type": "video2mp3.video.uploaded.v1",
            "x-knative-trigger": "convert-on-video-uploaded",
            "x-match": "all",
        },
    ]


def test_uids_are_the_same_at_every_start() -> None:
    """Queues of the last run are found again."""
    assert Eventing.read(EVENTING).broker.uid == Eventing.read(EVENTING).broker.uid


def test_short_child_name_is_parent_and_uid() -> None:
    """Up to 63 characters nothing is hashed."""
    assert _child_name("b.video2mp3.default.dlx.", UID) == f"b.video2mp3.default.dlx.{UID}"


def test_long_child_name_is_cut_and_hashed() -> None:
    """Over 63 characters a name is 31 of the parent and the MD5 of the whole, as kmeta.ChildName makes it."""
    parent = "t.video2mp3.notify-on-audio-converted.dlx."
    assert _child_name(parent, UID) == "t.video2mp3.notify-on-audio-conceb43846b76e701079c1833b35f40e6c"


def test_folder_without_a_broker_is_refused(tmp_path: Path) -> None:
    """A folder must have exactly one broker."""
    with pytest.raises(ValueError, match="has 0 brokers"):
        Eventing.read(tmp_path)
