"""Starts a function: functions-framework's application, behind a server that a stranger cannot occupy.

The environment is functions-framework's: FUNCTION_SOURCE, FUNCTION_TARGET, HOST, PORT, THREADS.
"""

import os

import functions_framework
from flask import Flask
from functions_framework._http import create_server
from werkzeug.exceptions import HTTPException

from functions.shared import boundary
from functions.shared.server.worker import Worker

OPTIONS = {
    "worker_class": Worker,
    "worker_connections": 512,
    "keepalive": 0,  # a connection carries one request, so what is left of a body never precedes another request
    "limit_request_line": 8190,  # functions-framework sets no limit
    # gunicorn lets a client on loopback, which queue-proxy is too, set the path's prefix and the scheme by headers.
    "forwarded_allow_ips": "",
}


def application() -> Flask:
    """Return functions-framework's application, without what it does for a client whose request it refuses."""
    app: Flask = functions_framework.create_app()
    app.after_request_funcs.clear()  # reads the rest of a body into memory
    app.url_map.merge_slashes = False  # redirects in HTML
    app.register_error_handler(HTTPException, boundary.refusal)
    app.register_error_handler(500, boundary.refusal)
    return app


if __name__ == "__main__":
    create_server(application(), debug=False, **OPTIONS).run(os.environ["HOST"], int(os.environ["PORT"]))
