"""Wires the webhook function: the broker calls it at `/` with events, and users at `/webhook` through the gateway."""

import os
from dataclasses import dataclass

import functions_framework
from bson import ObjectId
from cloudevents.exceptions import GenericException
from cloudevents.http import CloudEvent, from_http
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from functions.shared import boundary, logs, mongo
from functions.shared.mysql import Database, MysqlUrl
from functions.shared.server.worker import Worker
from functions.shared.sessions import SessionVerifier
from functions.shared.settings import Url, load
from functions.webhook.api import Api
from functions.webhook.dispatcher import Dispatcher
from functions.webhook.endpoints import Endpoints
from functions.webhook.sender import Sender
from functions.webhook.targets import NO_NETWORKS, Networks, Targets


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    mysql_url: MysqlUrl
    gateway_password: str
    jwt_public_keys: str
    webhook_allow: Networks = NO_NETWORKS


logs.configure()
SETTINGS = load(Settings, os.environ)
Worker.gateway_password = SETTINGS.gateway_password
database = mongo.database(SETTINGS.mongodb_url)
endpoints, targets = Endpoints(database), Targets(SETTINGS.webhook_allow)
dispatcher = Dispatcher(database, endpoints, targets, Sender())
verifier = SessionVerifier(SETTINGS.jwt_public_keys, Database(SETTINGS.mysql_url))
api = Api(endpoints, targets, dispatcher, verifier)


@functions_framework.http
def webhook(request: Request) -> Response:
    if request.path != "/" or request.method != "POST":
        return api.answer(request)
    try:
        event = from_http(dict(request.headers), request.get_data())
    except GenericException as error:
        raise BadRequest from error
    deliver(event)
    return Response()


@boundary.event("The store", mongo.AWAY)
def deliver(event: CloudEvent) -> None:
    """Tell the owner of the job that is the event's subject how it ended."""
    subject = str(event.get("subject", ""))
    if ObjectId.is_valid(subject):
        dispatcher.deliver(ObjectId(subject))
