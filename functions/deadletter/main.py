"""The broker's dead-letter sink."""

import logging
import os
from dataclasses import dataclass

import functions_framework
from cloudevents.http import CloudEvent

from functions.deadletter.dead import Dead
from functions.shared import boundary, logs, mongo
from functions.shared.settings import Url, load


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url


logs.configure()
log = logging.getLogger("deadletter")
SETTINGS = load(Settings, os.environ)
dead = Dead(mongo.database(SETTINGS.mongodb_url))


@functions_framework.cloud_event
@boundary.event("The store", mongo.AWAY)
def deadletter(received: CloudEvent) -> None:
    """Keep the event and its error, for `make replay`."""
    dead.store(received)
    error = {name: received.get(f"knativeerror{name}", "") for name in ("dest", "code")}
    log.warning("dead-lettered", extra=error)
