"""The routes of the functions that answer HTTP requests; all others handle events."""

import functions.auth.api
import functions.download.api
import functions.upload.api
import functions.webhook.api
from scripts.local.supervision import REPOSITORY

ROUTES = {
    "auth": functions.auth.api.Api.ROUTES,
    "download": functions.download.api.Api.ROUTES,
    "upload": functions.upload.api.Api.ROUTES,
    "webhook": functions.webhook.api.Api.ROUTES,
}


def of_functions() -> set[tuple[str, str, str]]:
    """Return method, path such as `/jobs/<job>`, and function of each route, as defined in the functions."""
    mains = {main.parent.name: main.read_text() for main in (REPOSITORY / "functions").glob("*/main.py")}
    assert ROUTES.keys() == {name for name, text in mains.items() if "@functions_framework.http" in text}
    assert all("@functions_framework.cloud_event" in text for name, text in mains.items() if name not in ROUTES)
    return {
        (method, rule.rule, name)
        for name, routes in ROUTES.items()
        for rule in routes.iter_rules()
        for method in rule.methods or ()
    }
