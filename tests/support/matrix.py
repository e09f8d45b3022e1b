"""The authorization matrix: each route by each kind of caller, by each credential, for the own, a foreign and a missing
resource.
"""

from dataclasses import dataclass

WHOSE = ("own", "foreign", "missing")
CREDENTIALS = {"JWT": "login", "cookie": "login", "write token": "write token", "read token": "read token"}
NOBODY, SOMEBODY = ("none", "bad", "expired", "revoked"), ("A", "B")

# A cell has the statuses for the caller's own resource, another user's and a missing one. `nobody` is a caller without
# an open session, whose "own" resources are A's; a JWT and a cookie are a `login`. `asking.py` defines each route's
# resource.
#
# A signed link and the address of a feed are permissions of their own, whoever uses them.
#
# Registering an address that has an account is 409: that this reveals the account is accepted.
TABLE = """
route                            nobody       login        write token  read token
POST   /auth/register            409 409 201  409 409 201  409 409 201  409 409 201
POST   /auth/verify-email        403 403 403  403 403 403  403 403 403  403 403 403
POST   /auth/forgot              202 202 202  202 202 202  202 202 202  202 202 202
POST   /auth/reset               403 403 403  403 403 403  403 403 403  403 403 403
POST   /auth/login               401 401 401  401 401 401  401 401 401  401 401 401
POST   /auth/session             401 401 401  401 401 401  401 401 401  401 401 401
GET    /auth/session             401 401 401  200 200 200  200 200 200  200 200 200
DELETE /auth/session             401 401 401  204 204 204  204 204 204  403 403 403
POST   /auth/logout              401 401 401  204 204 204  204 204 204  403 403 403
GET    /auth/sessions            401 401 401  200 200 200  403 403 403  403 403 403
DELETE /auth/sessions            401 401 401  204 204 204  403 403 403  403 403 403
DELETE /auth/sessions/<session>  401 401 401  204 404 404  403 403 403  403 403 403
GET    /auth/tokens              401 401 401  200 200 200  403 403 403  403 403 403
POST   /auth/tokens              401 401 401  201 201 201  403 403 403  403 403 403
DELETE /auth/tokens/<token>      401 401 401  204 404 404  403 403 403  403 403 403
POST   /auth/password            401 401 401  204 204 204  403 403 403  403 403 403
DELETE /auth/account             401 401 401  204 204 204  403 403 403  403 403 403
GET    /auth/verify              401 401 401  204 204 204  204 204 204  204 204 204
GET    /auth/keys                200 200 200  200 200 200  200 200 200  200 200 200
POST   /upload                   401 401 401  202 202 202  202 202 202  403 403 403
PUT    /upload                   401 401 401  202 202 202  202 202 202  403 403 403
GET    /usage                    401 401 401  200 200 200  200 200 200  200 200 200
OPTIONS /uploads                 401 401 401  204 204 204  204 204 204  403 403 403
POST   /uploads                  401 401 401  201 201 201  201 201 201  403 403 403
HEAD   /uploads/<upload>         401 401 401  200 404 404  200 404 404  200 404 404
PATCH  /uploads/<upload>         401 401 401  204 404 404  204 404 404  403 403 403
DELETE /uploads/<upload>         401 401 401  204 404 404  204 404 404  403 403 403
GET    /jobs                     401 401 401  200 200 200  200 200 200  200 200 200
DELETE /jobs                     401 401 401  204 204 204  204 204 204  403 403 403
GET    /jobs/<job>               401 401 401  200 404 404  200 404 404  200 404 404
DELETE /jobs/<job>               401 401 401  204 404 404  204 404 404  403 403 403
POST   /jobs/<job>/again         401 401 401  410 404 404  410 404 404  403 403 403
POST   /jobs/<job>/link          401 401 401  200 404 404  200 404 404  403 403 403
GET    /d/<link>                 200 200 410  200 200 410  200 200 410  200 200 410
GET    /d/<link>/chapters        200 200 410  200 200 410  200 200 410  200 200 410
POST   /feed                     401 401 401  200 200 200  200 200 200  403 403 403
GET    /feed                     401 401 401  200 200 200  200 200 200  200 200 200
DELETE /feed                     401 401 401  204 204 204  204 204 204  403 403 403
GET    /feed/<feed>.xml          200 200 404  200 200 404  200 200 404  200 200 404
PUT    /webhook                  401 401 401  200 200 200  200 200 200  403 403 403
GET    /webhook                  401 401 401  200 200 200  200 200 200  200 200 200
DELETE /webhook                  401 401 401  204 204 204  204 204 204  403 403 403
POST   /webhook/test             401 401 401  200 200 200  200 200 200  403 403 403
GET    /download.zip             401 401 401  200 404 404  200 404 404  200 404 404
GET    /download/<mp3>           401 401 401  200 404 404  200 404 404  200 404 404
"""


@dataclass(frozen=True)
class Cell:
    door: str  # "gateway" or "function"
    method: str
    path: str
    credential: str
    caller: str
    whose: str
    status: int

    def __str__(self) -> str:
        return f"{self.door}: {self.method} {self.path}, {self.credential}, {self.caller}, {self.whose}"

    @property
    def function(self) -> str:
        if self.path.endswith("/again") or self.path.startswith(("/uploads", "/usage")):
            return "upload"
        first = self.path.split("/")[1]
        return first if first in {"auth", "upload", "webhook"} else "download"

    @property
    def refused(self) -> bool:
        return self.status >= 400


def cells() -> list[Cell]:
    """Return every cell at the gateway; at the functions' own routes those of a JWT, the only thing that they know."""
    head, *rows = (line for line in TABLE.splitlines() if line)
    width = len("401 401 401")
    starts = {name: head.index(name) for name in ("nobody", *CREDENTIALS.values())}
    found = []
    for row in rows:
        method, path = row[: starts["nobody"]].split()
        statuses = {name: [int(status) for status in row[at : at + width].split()] for name, at in starts.items()}
        for door, credentials in (("gateway", CREDENTIALS), ("function", ["JWT"])):
            for credential in credentials:
                for caller in (*NOBODY, *SOMEBODY):
                    column = "nobody" if caller in NOBODY else CREDENTIALS[credential]
                    found += [
                        Cell(door, method, path, credential, caller, whose, status)
                        for whose, status in zip(WHOSE, statuses[column], strict=True)
                    ]
    return found
