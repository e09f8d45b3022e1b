"""Wires the upload function."""

import os
from dataclasses import dataclass

import functions_framework
from werkzeug.wrappers import Request, Response

from functions.shared import logs, mongo
from functions.shared.events import Sink
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket
from functions.shared.mysql import Database, MysqlUrl
from functions.shared.server.worker import Worker
from functions.shared.sessions import SessionVerifier
from functions.shared.settings import NO_HOURS, Hours, Url, load
from functions.shared.uploads import Uploads
from functions.upload.api import Api
from functions.upload.quotas import MIB, Limits, Quotas
from functions.upload.receiver import Receiver
from functions.upload.resumable import Resumable
from functions.upload.space import Space
from functions.upload.tus import Tus


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    jwt_public_keys: str
    mysql_url: MysqlUrl
    gateway_password: str
    k_sink: Url | None = None  # the SinkBinding adds it, perhaps after the first start
    quota_stored_mib: int = 8192
    quota_open_jobs: int = 60
    quota_uploads_per_hour: int = 240
    store_free_mib: int = 1024
    keep_video_hours: Hours = NO_HOURS


Worker.streams = True  # a video is stored as it arrives
logs.configure()
settings = load(Settings, os.environ)
Worker.gateway_password = settings.gateway_password
database = mongo.database(settings.mongodb_url)
limits = Limits(settings.quota_stored_mib * MIB, settings.quota_open_jobs, settings.quota_uploads_per_hour)
quotas = Quotas(database, limits, Space(database, settings.store_free_mib * MIB))
sink = Sink(settings.k_sink) if settings.k_sink else None
verifier = SessionVerifier(settings.jwt_public_keys, Database(settings.mysql_url))
videos, keep = Bucket(database, "videos"), settings.keep_video_hours
jobs = Jobs(database)
receiver = Receiver(jobs, videos, quotas, verifier, sink, keep=keep)
resumable = Resumable(Uploads(database), jobs, videos, quotas=quotas, sessions=verifier, receiver=receiver)
api = Api(receiver, Tus(resumable, receiver), quotas, verifier)


@functions_framework.http
def upload(request: Request) -> Response:
    return api.answer(request)
