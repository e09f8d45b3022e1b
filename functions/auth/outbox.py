"""Publishes that a letter waits in the outbox."""

import logging

from functions.shared.events import Sink, SinkAway, account_mail_requested
from functions.shared.trace import Trace, follow

log = logging.getLogger("auth")


class Outbox:
    def __init__(self, sink: Sink | None) -> None:
        """Without a sink, whose address a SinkBinding adds perhaps after the first start, sweep publishes alone."""
        self._sink = sink

    def publish(self, letter: str, trace: Trace) -> None:
        """Publish the letter's event; if the broker does not accept it, the sweeper republishes it."""
        if self._sink is None:
            return
        with follow(trace):
            try:
                self._sink.send(account_mail_requested(letter, trace))
            except SinkAway as error:
                extra = {"letter": letter, "error": str(error)}
                log.warning("event not published; the sweeper will republish it", extra=extra)
