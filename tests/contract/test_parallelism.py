import threading
from collections.abc import Callable
from typing import Any

from tests.contract.broker import Broker, Subscription
from tests.contract.events import delivery, event, trigger
from tests.contract.subscriber import Answer, Delivery, Subscriber

Subscribe = Callable[[Any], Subscription]
NewSubscriber = Callable[..., Subscriber]


def test_order_is_kept_by_one_worker(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """With parallelism 1 events arrive in order, and a failing event delays the next until its retries are used up."""
    subscriber = new_subscriber(lambda got: Answer(500 if got.id == "3" else 200))
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(2)))
    for number in range(10):
        broker.post_status(event(kind, str(number)))
    subscriber.wait_for_id("9")
    assert subscriber.ids == ["0", "1", "2", "3", "3", "3", "4", "5", "6", "7", "8", "9"]


def test_workers_deliver_concurrently(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """With parallelism 3 three events are delivered concurrently, and not four."""
    release = threading.Event()

    def hold(_: Delivery) -> Answer:
        release.wait(20)
        return Answer()

    subscriber, witness = new_subscriber(hold), new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}, parallelism=3))
    subscribe(trigger(witness.url, {"type": kind}))
    for number in range(8):
        broker.post_status(event(kind, str(number)))
    subscriber.wait_for(3)
    witness.wait_for(8)  # enough time for a fourth delivery
    assert len(subscriber.received) == 3
    release.set()
    subscriber.wait_for(8)
    assert sorted(subscriber.ids) == list("01234567")
