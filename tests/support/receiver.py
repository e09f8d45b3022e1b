"""A receiver of webhooks, which records what it gets and answers as the test says."""

import json
import time
from typing import Any

from standardwebhooks import Webhook
from werkzeug import Request, Response

from scripts.local.stack import RECEIVER
from tests.support.web import Answer, WebServer


class Receiver:
    """Listens at `url`, the one address of this machine that webhooks reach.

    `status` is that of its answers, `pause` the seconds before each of them.
    """

    def __init__(self) -> None:
        self.reset()
        self._server = WebServer(self._take, RECEIVER)
        self.url = f"{self._server.url}/hook"

    def reset(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.pause = 0.0

    def close(self) -> None:
        self._server.close()

    def ids(self) -> list[str]:
        """Return the ids of all messages."""
        return [headers["webhook-id"] for headers, _ in self.received]

    def verified(self, secret: str) -> list[Any]:
        """Return all messages; raise WebhookVerificationError if one is not signed with the secret."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.received]

    def about(self, job: object) -> list[Any]:
        """Return the messages about a job."""
        messages = [json.loads(body) for _, body in self.received]
        return [message for message in messages if message["data"].get("job", {}).get("id") == str(job)]

    def _take(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append((headers, request.get_data()))
        time.sleep(self.pause)
        return Answer(status=self.status, headers=self.headers)
