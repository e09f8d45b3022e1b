"""Wires the auth function."""

import os
from dataclasses import dataclass

import functions_framework
from werkzeug.wrappers import Request, Response

from functions.auth.accounts import Accounts
from functions.auth.api import VERIFIED, Api, Mode
from functions.auth.authentication import Authentication
from functions.auth.download import Download
from functions.auth.expiry import Expiry
from functions.auth.logins import Logins
from functions.auth.outbox import Outbox
from functions.auth.passwords import Passwords
from functions.auth.proofs import Proofs
from functions.auth.registration import Registration
from functions.auth.sessions import Sessions
from functions.auth.signer import Signer
from functions.auth.site import Site
from functions.auth.throttle import Throttle
from functions.auth.verification import Verification
from functions.shared import logs
from functions.shared.events import Sink
from functions.shared.mysql import Database, MysqlUrl
from functions.shared.server.worker import Worker
from functions.shared.settings import Url, load
from functions.shared.tokens import Verifier


@dataclass(frozen=True)
class Settings:
    mysql_url: MysqlUrl
    jwt_private_key: str
    jwt_public_keys: str
    download_url: Url
    gateway_password: str
    public_url: Url
    registration: Mode
    k_sink: Url | None = None  # the SinkBinding adds it, perhaps after the first start


logs.configure()
settings = load(Settings, os.environ)
Worker.gateway_password = settings.gateway_password
database = Database(settings.mysql_url)
accounts, sessions, throttle = Accounts(database), Sessions(database), Throttle(database)
passwords = Passwords(cores=len(os.sched_getaffinity(0)))
signer, site = Signer(settings.jwt_private_key, settings.jwt_public_keys), Site(settings.public_url)
mode, outbox = settings.registration, Outbox(Sink(settings.k_sink) if settings.k_sink else None)
api = Api(
    Registration(accounts, passwords, throttle, Download(settings.download_url)),
    Verification(accounts, Proofs(database, passwords), passwords, throttle),
    Logins(accounts, sessions, passwords, throttle, signer, verified_only=mode == VERIFIED),
    sessions,
    Authentication(sessions, Verifier(settings.jwt_public_keys), signer),
    mode=mode,
    outbox=outbox,
    site=site,
    expiry=Expiry(database),
    public_keys=settings.jwt_public_keys,
)


@functions_framework.http
def auth(request: Request) -> Response:
    return api.answer(request)
