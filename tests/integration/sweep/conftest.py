"""sweep with an emptied store and a recording ingress."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from cloudevents.http import CloudEvent
from pymongo.database import Database

from functions.shared import mongo
from functions.shared.mongo import Document
from scripts.local.supervision import Supervisor
from tests.support.ingress import Ingress, deliver, listening
from tests.support.stacks import Server, StartFunction

Sweep = Callable[[], requests.Response]


@pytest.fixture(scope="session")
def whole_database(mongodb: Server) -> Database[Document]:
    return mongo.database(mongodb.url)


@pytest.fixture
def database(whole_database: Database[Document]) -> Database[Document]:
    """Return the store, emptied, as the sweeper reads all of it."""
    for name in ("jobs", "uploads", "videos.files", "videos.chunks", "mp3s.files", "mp3s.chunks"):
        whole_database[name].delete_many({})
    return whole_database


@pytest.fixture(scope="session")
def broker() -> Iterator[Ingress]:
    with listening() as ingress:
        yield ingress


@pytest.fixture
def ingress(broker: Ingress) -> Ingress:
    broker.reset()
    return broker


@dataclass(frozen=True)
class Running:
    """sweep at `url`, whose process writes to `log`."""

    url: str
    log: Path


@pytest.fixture(scope="session")
def running(
    mongodb: Server, mysql: Server, broker: Ingress, start_function: StartFunction, supervisor: Supervisor
) -> Running:
    stores = {"MONGODB_URL": mongodb.url_of("sweep"), "MYSQL_URL": mysql.url_of("sweep")}
    env = {**stores, "K_SINK": broker.url, "RETENTION_DAYS": "7", "THREADS": "4"}
    others = set(supervisor.log.glob("sweep-*.log"))
    url = start_function("sweep", env)
    (log,) = set(supervisor.log.glob("sweep-*.log")) - others
    return Running(url, log)


@pytest.fixture(scope="session")
def sweep_log(running: Running) -> Path:
    return running.log


@pytest.fixture
def sweep(running: Running, ingress: Ingress) -> Sweep:
    """Deliver one tick."""
    ping = CloudEvent({"type": "dev.knative.sources.ping", "source": "/apis/v1/namespaces/video2mp3/pingsources/sweep"})
    return lambda: deliver(running.url, ping)
