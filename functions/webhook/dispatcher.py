"""The use case of webhook: the message about one ended job, claimed, sent, then settled."""

import logging
from uuid import uuid4

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.deliveries import Channel, Deliveries, Delivery, Outcome
from functions.shared.mongo import Document
from functions.webhook import messages
from functions.webhook.endpoints import Endpoint, Endpoints
from functions.webhook.messages import Message
from functions.webhook.sender import Answer, Sender
from functions.webhook.targets import TargetRefused, Targets

log = logging.getLogger(__name__)


class Dispatcher:
    def __init__(self, database: Database[Document], endpoints: Endpoints, targets: Targets, sender: Sender) -> None:
        self._deliveries = Deliveries(database, Channel.WEBHOOK)
        self._endpoints = endpoints
        self._targets = targets
        self._sender = sender

    def deliver(self, job: ObjectId) -> None:
        """Tell the endpoint of the job's owner how the job ended; what it is told comes from the job, not the event.

        A failure is not raised: the broker's retries would come too soon, and end as a dead letter. The lease is the
        backoff, and the sweeper republishes the event when it expires.
        """
        delivery = self._deliveries.claim(job)
        if delivery is None:
            log.info("no message due: settled, leased, in backoff, or the job has not ended")
            return
        endpoint = self._endpoints.of(delivery.job.owner)
        if endpoint is None or endpoint.off:
            self._deliveries.settle([delivery.job], Outcome.SKIPPED)
            return
        answer = self._send(endpoint, messages.about(delivery.job))
        self._settle(delivery, endpoint, answer)
        log.info("message sent" if answer.accepted else "message not accepted", extra=vars(answer))

    def test(self, endpoint: Endpoint) -> Answer:
        """Send a test message, whose outcome does not count for the endpoint."""
        return self._send(endpoint, messages.test(uuid4().hex))

    def _send(self, endpoint: Endpoint, message: Message) -> Answer:
        try:
            target = self._targets.check(endpoint.url)
        except TargetRefused:  # its name has another address now
            return Answer(None, "target")
        return self._sender.post(target, message.headers(endpoint.secret), message.body)

    def _settle(self, delivery: Delivery, endpoint: Endpoint, answer: Answer) -> None:
        """Record the outcome after the attempt: a crash in between repeats a message, but loses none."""
        if answer.accepted:
            self._deliveries.settle([delivery.job], Outcome.SENT)
            self._endpoints.succeeded(endpoint)
        elif answer.gone:
            self._endpoints.gone(endpoint)
            self._deliveries.settle([delivery.job], Outcome.BOUNCED)
        else:
            self._endpoints.failed(endpoint)
