"""Wires the download function."""

import os
from dataclasses import dataclass

import functions_framework
from werkzeug.wrappers import Request, Response

from functions.download.api import Api
from functions.download.feeds import Feeds
from functions.download.library import Library
from functions.download.links import LinkKeys, Links
from functions.download.podcasts import Podcasts
from functions.download.streams import Streams
from functions.shared import logs, mongo
from functions.shared.job.kept import KeptVideos
from functions.shared.job.owned import Jobs
from functions.shared.job.owners import Owners
from functions.shared.media import Bucket
from functions.shared.mysql import Database, MysqlUrl
from functions.shared.server.worker import Worker
from functions.shared.sessions import SessionVerifier
from functions.shared.settings import Url, load
from functions.shared.uploads import Uploads


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    jwt_public_keys: str
    mysql_url: MysqlUrl
    gateway_password: str
    link_keys: LinkKeys
    public_url: Url
    threads: int


logs.configure()
settings = load(Settings, os.environ)
Worker.gateway_password = settings.gateway_password
database = mongo.database(settings.mongodb_url)
videos, mp3s = Bucket(database, "videos"), Bucket(database, "mp3s")
library = Library(Jobs(database), KeptVideos(database), Owners(database), videos, mp3s, uploads=Uploads(database))
verifier = SessionVerifier(settings.jwt_public_keys, Database(settings.mysql_url))
links = Links(settings.link_keys, settings.public_url)
podcasts = Podcasts(Feeds(database), library, links, settings.public_url)
api = Api(library, links, podcasts, Streams(settings.threads), verifier)


@functions_framework.http
def download(request: Request) -> Response:
    return api.answer(request)
