"""The broker's dead-letter sink: keeps each event with its error, for `make replay`."""

import os
from dataclasses import dataclass

import functions_framework
from cloudevents.http import CloudEvent

from functions.deadletter.letters import DeadLetters
from functions.shared import boundary, logs, mongo
from functions.shared.settings import Url, load


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url


logs.configure()
SETTINGS = load(Settings, os.environ)
letters = DeadLetters(mongo.database(SETTINGS.mongodb_url))


@functions_framework.cloud_event
@boundary.event("The store", mongo.AWAY)
def deadletter(event: CloudEvent) -> None:
    """Keep the event."""
    letters.store(event)
