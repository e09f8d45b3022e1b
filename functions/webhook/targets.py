"""Which addresses a webhook may have: those of the public internet, so that no user reaches what only the cluster does.

A user chooses the URL, and this function sends a request to it: server-side request forgery. So the host's name is
resolved here once, each address that it has must be public, and the request goes to an address that was checked.
"""

import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Self
from urllib.parse import urlsplit

from functions.shared.settings import Text

MAX_URL_CHARACTERS = 2000
PORTS = (443, 8443)
RESOLVE_SECONDS = 5
MAX_LOOKUPS = 8  # at once; further ones wait
_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?\Z")

# Public by their numbers, but not a public server's.
_CLOSED_V4 = [
    ip_network("192.0.0.0/24"),  # protocol assignments, of which older versions of Python know some only; metadata
    ip_network("168.63.129.16/32"),  # Azure's metadata and DNS
    ip_network("192.88.99.0/24"),  # 6to4 relays
]
_GLOBAL_V6 = ip_network("2000::/3")  # so neither mapped IPv4, NAT64, unique local, link-local nor multicast addresses
_CLOSED_V6 = [
    ip_network("2001::/23"),  # protocol assignments: Teredo, ORCHID, benchmarking
    ip_network("2001:db8::/32"),  # documentation
    ip_network("2002::/16"),  # 6to4, which carries an IPv4 address
    ip_network("3fff::/20"),  # documentation
]

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[str]]


class TargetRefused(Exception):  # noqa: N818  # what happened to the target
    """A webhook may not have this URL; the text says why."""


class Networks(Text):
    """Address ranges in which plain HTTP and every port are allowed, for receivers of a developer; none by default."""

    __slots__ = ()
    kind = "address ranges with spaces between them, such as 127.0.0.9/32"

    def __new__(cls, text: str) -> Self:
        for part in text.split():
            ip_network(part)
        return super().__new__(cls, text)


NO_NETWORKS = Networks("")


@dataclass(frozen=True)
class Target:
    """Where a request goes: the URL's host for TLS and `Host`, and the address that was checked for the connection.

    The scheme is `https`, or `http` in an allowed range.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: str


class Targets:
    def __init__(self, allowed: Networks, resolve: Resolve | None = None) -> None:
        """`resolve` returns the addresses of a name; it raises OSError, also if it takes too long."""
        self._allowed = [ip_network(part) for part in allowed.split()]
        self._resolve = resolve or _Resolver()

    def check(self, url: str) -> Target:
        """Return where a request to the URL goes now; raise TargetRefused if it may not, or if the name is unknown."""
        if len(url) > MAX_URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            raise TargetRefused(
                f"The URL must be plain ASCII without spaces, of at most {MAX_URL_CHARACTERS} characters. "
                "Encode other characters."
            )
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise TargetRefused("The URL is malformed. Use one such as https://example.com/hook.") from error
        if parts.scheme not in {"https", "http"} or not host or ("[" in parts.netloc and ":" not in host):
            raise TargetRefused("The URL must begin with https://, followed by a host.")
        if "@" in parts.netloc:
            raise TargetRefused("The URL must not contain a user or a password. Use the signature instead.")
        encrypted = parts.scheme == "https"
        port = port if port is not None else 443 if encrypted else 80
        address = self._address(host, port)
        if not self._is_allowed(address):
            if not encrypted:
                raise TargetRefused("The URL must begin with https://.")
            if port not in PORTS:
                raise TargetRefused(f"The port must be {' or '.join(map(str, PORTS))}.")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(parts.scheme, host, port, path, str(address))

    def _address(self, host: str, port: int) -> Address:
        """Return the address to connect to, IPv4 first; raise TargetRefused if one of the host's is not public."""
        try:
            found = [ip_address(host)]
        except ValueError:
            found = self._addresses(host, port)
        for address in found:
            if not (is_public(address) or self._is_allowed(address)):
                raise TargetRefused("The host's address is not one of the public internet.")
        return min(found, key=lambda address: address.version)

    def _addresses(self, host: str, port: int) -> list[Address]:
        # No single labels and nothing that looks like a number: resolvers read 0x7f.1, 2130706433 or 127.1 as IPv4.
        if not _NAME.match(host):
            raise TargetRefused("The URL's host must be a complete domain name or an address.")
        try:
            return [ip_address(text) for text in self._resolve(host, port)]
        except OSError as error:
            raise TargetRefused("The host's name cannot be resolved.") from error

    def _is_allowed(self, address: Address) -> bool:
        return any(address in network for network in self._allowed)


def is_public(address: Address) -> bool:
    """Return whether the address can be that of a server on the public internet."""
    if isinstance(address, IPv4Address):
        unusual = address.is_multicast or address.is_reserved or any(address in network for network in _CLOSED_V4)
        return address.is_global and not unusual
    return address.scope_id is None and address in _GLOBAL_V6 and not any(address in closed for closed in _CLOSED_V6)


class _Resolver:
    """The system's resolver, with a limit of time that it does not have itself."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MAX_LOOKUPS, "resolver")

    def __call__(self, host: str, port: int) -> list[str]:
        # The dot at the end: without it the domains of the cluster would be tried after the name.
        lookup = self._pool.submit(socket.getaddrinfo, f"{host}.", port, type=socket.SOCK_STREAM)
        return [str(found[4][0]) for found in lookup.result(RESOLVE_SECONDS)]
