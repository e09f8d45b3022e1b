"""What the event functions' tests have in common: jobs as other functions leave them, deliveries, a broker's ear."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import requests
from bson import ObjectId
from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent, from_http
from pymongo.database import Database

from functions.shared.job.owned import Jobs
from functions.shared.mongo import Document

PAST = datetime(2020, 1, 1, tzinfo=UTC)


def deliver(url: str, event: CloudEvent) -> requests.Response:
    """Bring the event to a function, as the dispatcher does."""
    headers, body = to_binary(event)
    return requests.post(url, data=body, headers=headers, timeout=60)


def open_job(database: Database[Document], /, **fields: Any) -> ObjectId:
    """Store a job as upload does, then set `fields`; return its id."""
    job = ObjectId()
    Jobs(database).create(job, owner="u1", email="owner@people.example", name="film.mp4", size=1000, key=None)
    if fields:
        database["jobs"].update_one({"_id": job}, {"$set": fields})
    return job


def ended_job(database: Database[Document], state: str = "done", /, **fields: Any) -> ObjectId:
    """Store a job as convert ends it, its mail pending and never tried; return its id."""
    end: Document = (
        {"mp3": {"id": ObjectId(), "size": 3_456_789, "duration": 75.3}}
        if state == "done"
        else {"reason": {"code": "no_audio", "message": "The video has no sound track."}}
    )
    now = datetime.now(UTC)
    mail = {"outcome": "pending", "tries": 0, "lease": now + timedelta(seconds=60)}
    job = open_job(database, state=state, finished=now, deliveries={"mail": mail}, **end)
    change: Document = {"$unset": {"lease": ""}} | ({"$set": fields} if fields else {})
    database["jobs"].update_one({"_id": job}, change)
    return job


def mail_of(database: Database[Document], job: object) -> Document:
    """Return what the job says of its mail."""
    return dict((database["jobs"].find_one({"_id": job}) or {})["deliveries"]["mail"])


@dataclass
class Ear:
    """A broker's ingress that keeps what it hears; `status` is its answer."""

    url: str = ""
    status: int = 202
    heard: list[CloudEvent] = field(default_factory=list)

    def ids(self) -> list[str]:
        return sorted(event["id"] for event in self.heard)


@contextmanager
def listening() -> Iterator[Ear]:
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ear.heard.append(from_http(dict(self.headers.items()), body))
            self.send_response(ear.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ear.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield ear
    server.shutdown()
    thread.join()
    server.server_close()
