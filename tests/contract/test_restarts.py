import threading
import time
from collections.abc import Callable
from typing import Any

from tests.contract.amqp import Amqp
from tests.contract.broker import Broker, Platform, Subscription
from tests.contract.events import event, trigger
from tests.contract.subscriber import Answer, Delivery, Subscriber
from tests.support.waiting import eventually

Subscribe = Callable[[Any], Subscription]
NewSubscriber = Callable[..., Subscriber]


def test_rabbitmq_may_restart(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, platform: Platform, kind: str
) -> None:
    """RabbitMQ restarts during a delivery: the ingress answers 500 meanwhile, and all accepted events arrive.

    The delivery in progress ends without an acknowledgement and is repeated; then the dispatcher consumes as before.
    """
    release = threading.Event()

    def hold(_: Delivery) -> Answer:
        release.wait(60)
        return Answer()

    subscriber = new_subscriber(hold)
    subscribe(trigger(subscriber.url, {"type": kind}))
    accepted, slowest, stop = ["0"], 0.0, threading.Event()

    def keep_sending() -> None:
        nonlocal slowest
        number = 0
        while not stop.is_set():
            number += 1
            started = time.monotonic()
            if broker.post_status(event(kind, str(number))) == 202:
                accepted.append(str(number))
            slowest = max(slowest, time.monotonic() - started)
            time.sleep(0.02)

    broker.post_status(event(kind, "0"))
    subscriber.wait_for(1)
    sender = threading.Thread(target=keep_sending)
    sender.start()
    eventually(lambda: len(accepted) > 5, 30, "events are accepted")
    platform.restart_rabbitmq()
    before = len(accepted)
    eventually(lambda: len(accepted) > before + 5, 30, "events are accepted again")
    stop.set()
    sender.join()
    release.set()
    subscriber.wait(lambda received: {delivery.id for delivery in received} >= set(accepted), 30)
    assert subscriber.ids[:2] == ["0", "0"]
    assert slowest < 5


def test_event_of_a_stopped_dispatcher_is_redelivered(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, amqp: Amqp, kind: str
) -> None:
    """A dispatcher that gets SIGTERM during a delivery exits at once; the next dispatcher redelivers the event."""
    release = threading.Event()

    def hold(_: Delivery) -> Answer:
        release.wait(20)
        return Answer()

    subscriber = new_subscriber(hold)
    subscription = subscribe(trigger(subscriber.url, {"type": kind}))
    broker.post_status(event(kind, "1"))
    subscriber.wait_for(1)
    started = time.monotonic()
    subscription.stop()
    assert time.monotonic() - started < 10  # the removal of a pod takes some seconds, the delivery 20
    subscription.start()
    subscriber.wait_for(2)
    release.set()
    eventually(lambda: amqp.messages(subscription.queue) == 0, 30, "the event is acknowledged")
    assert subscriber.ids == ["1", "1"]
