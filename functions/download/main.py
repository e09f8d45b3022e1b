"""Wires the download function."""

import os
from dataclasses import dataclass

import functions_framework
from werkzeug.wrappers import Request, Response

from functions.download.api import Api
from functions.download.library import Library
from functions.download.streams import Streams
from functions.shared import logs, mongo
from functions.shared.job.owned import Jobs
from functions.shared.job.owners import Owners
from functions.shared.media import Bucket
from functions.shared.settings import Url, load
from functions.shared.tokens import Verifier


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    jwt_public_keys: str
    threads: int


logs.configure()
settings = load(Settings, os.environ)
database = mongo.database(settings.mongodb_url)
library = Library(Jobs(database), Owners(database), Bucket(database, "videos"), Bucket(database, "mp3s"))
api = Api(library, Streams(settings.threads), Verifier(settings.jwt_public_keys))


@functions_framework.http
def download(request: Request) -> Response:
    return api.answer(request)
