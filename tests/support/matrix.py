"""The authorization matrix: each route by each kind of caller for their own, a foreign and a missing resource."""

from dataclasses import dataclass

WHOSE = ("own", "foreign", "missing")

# A cell has the statuses for the caller's own resource, another user's and a missing one. For callers without a
# user of their own, A's resources are their own. `asking.py` defines each route's resource.
#
# `revoked` is an ended session at the gateway; `past it`, the same at the function's own route.
#
# A signed link and the address of a feed are permissions of their own, whoever uses them.
#
# Registering an address that has an account is 409: that this reveals the account is accepted.
TABLE = """
route                     no token     bad          expired      revoked      past it      A            B
POST   /auth/register     409 409 201  409 409 201  409 409 201  409 409 201  409 409 201  409 409 201  409 409 201
POST   /auth/login        401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  401 401 401
POST   /auth/logout       401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  204 204 204  204 204 204
POST   /auth/password     401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  204 204 204  204 204 204
DELETE /auth/account      401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  204 204 204  204 204 204
GET    /auth/verify       401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  204 204 204  204 204 204
GET    /auth/keys         200 200 200  200 200 200  200 200 200  200 200 200  200 200 200  200 200 200  200 200 200
POST   /upload            401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  202 202 202  202 202 202
PUT    /upload            401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  202 202 202  202 202 202
GET    /jobs              401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  200 200 200  200 200 200
DELETE /jobs              401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  204 204 204  204 204 204
GET    /jobs/<job>        401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  200 404 404  200 404 404
DELETE /jobs/<job>        401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  204 404 404  204 404 404
POST   /jobs/<job>/again  401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  410 404 404  410 404 404
POST   /jobs/<job>/link   401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  200 404 404  200 404 404
GET    /d/<link>          200 200 410  200 200 410  200 200 410  200 200 410  200 200 410  200 200 410  200 200 410
GET    /d/<link>/chapters 200 200 410  200 200 410  200 200 410  200 200 410  200 200 410  200 200 410  200 200 410
POST   /feed              401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  200 200 200  200 200 200
GET    /feed              401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  200 200 200  200 200 200
DELETE /feed              401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  204 204 204  204 204 204
GET    /feed/<feed>.xml   200 200 404  200 200 404  200 200 404  200 200 404  200 200 404  200 200 404  200 200 404
GET    /download.zip      401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  200 404 404  200 404 404
GET    /download/<mp3>    401 401 401  401 401 401  401 401 401  401 401 401  401 401 401  200 404 404  200 404 404
"""


@dataclass(frozen=True)
class Cell:
    door: str  # "gateway" or "function"
    method: str
    path: str
    caller: str
    whose: str
    status: int

    def __str__(self) -> str:
        return f"{self.door}: {self.method} {self.path}, {self.caller}, {self.whose}"

    @property
    def function(self) -> str:
        if self.path.endswith("/again"):
            return "upload"
        first = self.path.split("/")[1]
        return first if first in {"auth", "upload"} else "download"

    @property
    def ends_session(self) -> bool:
        return self.caller in {"revoked", "past it"}

    @property
    def refused(self) -> bool:
        return self.status >= 400


def cells() -> list[Cell]:
    """Return each cell of the table once for each of its entry points."""
    head, *rows = (line for line in TABLE.splitlines() if line)
    width = len("401 401 401")
    columns = range(head.index("no token"), len(rows[0]), width + 2)
    callers = [head[start : start + width].strip() for start in columns]
    found = []
    for row in rows:
        method, path = row[: columns[0]].split()
        for start, caller in zip(columns, callers, strict=True):
            doors = {"revoked": ["gateway"], "past it": ["function"]}.get(caller, ["gateway", "function"])
            for whose, status in zip(WHOSE, row[start : start + width].split(), strict=True):
                found += [Cell(door, method, path, caller, whose, int(status)) for door in doors]
    return found
