"""Wires the auth function."""

import os
from dataclasses import dataclass

import functions_framework
from werkzeug.wrappers import Request, Response

from functions.auth.accounts import Accounts
from functions.auth.api import Api
from functions.auth.database import Database, MysqlUrl
from functions.auth.download import Download
from functions.auth.passwords import Passwords
from functions.auth.registration import Registration
from functions.auth.sessions import Sessions
from functions.auth.signer import Signer
from functions.shared import logs
from functions.shared.settings import Url, load
from functions.shared.tokens import Verifier


@dataclass(frozen=True)
class Settings:
    mysql_url: MysqlUrl
    jwt_private_key: str
    jwt_public_keys: str
    download_url: Url


logs.configure()
settings = load(Settings, os.environ)
accounts = Accounts(Database(settings.mysql_url))
passwords = Passwords(cores=len(os.sched_getaffinity(0)))
signer = Signer(settings.jwt_private_key, settings.jwt_public_keys)
sessions = Sessions(accounts, passwords, signer, Verifier(settings.jwt_public_keys))
registration = Registration(accounts, passwords, Download(settings.download_url))
api = Api(registration, sessions, settings.jwt_public_keys)


@functions_framework.http
def auth(request: Request) -> Response:
    return api.answer(request)
