"""The product's own site, as a browser sees it: its origin, and the cookie that holds a session's secret."""

from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from functions.auth.sessions import BROWSER_LIFETIME
from functions.shared.settings import Url

DEFAULT_PORTS = {"http": 80, "https": 443}


class Site:
    """Reached at `public_url`. With https its cookie is `Secure`, and its name keeps other hosts from setting it."""

    def __init__(self, public_url: Url) -> None:
        parts = urlsplit(public_url)
        port = f":{parts.port}" if parts.port and parts.port != DEFAULT_PORTS.get(parts.scheme) else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self._origin = f"{parts.scheme}://{host}{port}"
        self._is_secure = parts.scheme == "https"
        self._cookie = "__Host-session" if self._is_secure else "session"

    def secret(self, request: Request) -> str | None:
        """Return the secret in the request's cookie."""
        return request.cookies.get(self._cookie)

    def give(self, response: Response, secret: str) -> None:
        """Set the cookie, or renew it: a browser keeps it for as long as auth keeps a session that is not used."""
        self._set(response, secret, BROWSER_LIFETIME.total_seconds())

    def take(self, response: Response) -> None:
        """Let the browser delete the cookie."""
        self._set(response, "", 0)

    def is_origin_of(self, request: Request) -> bool | None:
        """Return whether a page of this site has sent the request, None if no browser says where it comes from.

        Browsers state both headers themselves, a page cannot: https://www.w3.org/TR/fetch-metadata/. Older ones, and
        all over plain HTTP, state `Origin` only.
        """
        if (sent_from := request.headers.get("Sec-Fetch-Site")) is not None:
            return sent_from == "same-origin"
        if (origin := request.headers.get("Origin")) is not None:
            return origin == self._origin
        return None

    def _set(self, response: Response, secret: str, seconds: float) -> None:
        response.set_cookie(
            self._cookie, secret, max_age=int(seconds), secure=self._is_secure, httponly=True, samesite="Strict"
        )
