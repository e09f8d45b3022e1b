"""Users with accounts, sessions, jobs and MP3s, written to the stores of the running system as the functions would."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from bson import ObjectId
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pymysql.cursors import Cursor

from functions.auth import credentials
from functions.auth.accounts import Account, Accounts
from functions.auth.errors import TooManyTokens
from functions.auth.passwords import Passwords
from functions.auth.proofs import Proofs
from functions.auth.sessions import Kind, Scope, Sessions
from functions.auth.signer import Signer
from functions.convert.id3 import Chapter, Tag
from functions.download.feeds import Feeds
from functions.download.links import Link, LinkKeys, Links
from functions.shared import letters, mongo
from functions.shared.job.deliveries import OF_AN_END, Deliveries, Outcome
from functions.shared.job.document import State
from functions.shared.mysql import Database
from functions.shared.settings import Url
from functions.shared.tokens import AUDIENCE, ISSUER
from functions.webhook.endpoints import Endpoints
from scripts.local.secrets import Secrets
from scripts.local.stack import RECEIVER
from tests.support.auth import PASSWORD
from tests.support.forgery import Forger
from tests.support.shelf import Shelf
from tests.support.stacks import RunningStack

HOUR = timedelta(hours=1)
MP3_BYTES = 1000
NO_RECEIVER = f"http://{RECEIVER}:1/hook"  # a webhook that is allowed on the laptop, where nobody listens
OPAQUE = ("cookie", "write token", "read token")


@dataclass(frozen=True)
class Opaque:
    """A cookie or an API token: its id and its secret, None without one."""

    id: str
    secret: str | None


@dataclass(frozen=True)
class Member:
    """An account with a session, its token, feed, webhook, upload, and a finished job with its MP3, key and links.

    `key` is the job's `Idempotency-Key`.
    `opaque` has the session of a browser and two API tokens: `cookie`, `read token` and `write token`.
    """

    account: Account
    session: str
    token: str | None
    job: str
    mp3: str
    key: str
    link: str
    expired_link: str
    feed: str
    upload: str
    opaque: Mapping[str, Opaque]

    @property
    def names(self) -> set[str]:
        """Everything that identifies this user."""
        opaque = {name for one in self.opaque.values() for name in (one.id, one.secret) if name}
        return {
            self.account.id,
            self.account.email,
            self.session,
            self.job,
            self.mp3,
            self.key,
            self.link,
            self.feed,
            self.upload,
        } | opaque

    def headers(self, credential: str = "JWT") -> dict[str, str]:
        """Return the headers that present this credential, a cookie as a page of the site does; none without one."""
        secret = self.token if credential == "JWT" else self.opaque[credential].secret
        if secret is None:
            return {}
        if credential == "cookie":
            return {"Cookie": f"session={secret}", "Sec-Fetch-Site": "same-origin"}
        return {"Authorization": f"Bearer {secret}"}


class _KeptDatabase(Database):
    """Keeps one connection, as a thousand tests would spend most of their time in connecting."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._connection = self._connect()

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        try:
            with self._connection.cursor() as cursor:
                yield cursor
        except BaseException:
            self._connection.rollback()
            raise


class People:
    """Makes users without the cost of a password hash, and reads what they have."""

    def __init__(self, stack: RunningStack) -> None:
        self._secrets = Secrets(stack.secrets)
        private, self._public = self._secrets.read("jwt-private", "key"), self._secrets.read("jwt-public", "keys")
        self._signer = Signer(private, self._public)
        self._database = database = _KeptDatabase(self._secrets.read("mysql-auth", "url"))
        self._accounts, self._sessions = Accounts(database), Sessions(database)
        self._shelf = Shelf(mongo.database(self._secrets.read("mongodb-admin", "url")))
        self._links = Links(LinkKeys(self._secrets.read("link-keys", "keys")), Url(stack.url))
        self._feeds = Feeds(self._shelf.database)
        self._endpoints = Endpoints(self._shelf.database)
        self._hash = Passwords(1).hash(PASSWORD)

    def newcomer(self) -> Member:
        """Return a logged-in user with a finished job of which they have been told."""
        account, expires = self._accounts.register(f"{uuid4()}@people.example", self._hash), datetime.now(UTC) + HOUR
        session, key = self._sessions.open(account, Kind.LOGIN, expires), str(uuid4())
        assert session
        self._endpoints.put(account.id, NO_RECEIVER, None)
        tag = Tag(chapters=[Chapter(0, 1000, "the only one")]).bytes()
        job = self._shelf.done(account.id, tag + os.urandom(MP3_BYTES - len(tag)), key=key)
        assert job.mp3
        for channel in OF_AN_END:
            deliveries = Deliveries(self._shelf.database, channel)
            delivery = deliveries.claim(job.id)
            assert delivery
            deliveries.settle([delivery.job], Outcome.SENT)
        token = self._token(account, session, expires)
        opaque = {credential: self._opaque(account, credential, expires) for credential in OPAQUE}
        return Member(
            account,
            session,
            token,
            str(job.id),
            str(job.mp3.id),
            key,
            *self._links_to(job.id),
            self._feeds.renew(account.id),
            str(self._shelf.begun(account.id).id),
            opaque,
        )

    def keep_video(self, person: Member) -> None:
        """Let the user's job keep its video for an hour, as far as its document says."""
        kept = {"keep": 1, "kept": datetime.now(UTC) + HOUR}
        self._shelf.database["jobs"].update_one({"_id": ObjectId(person.job)}, {"$set": kept})

    def remove_mp3(self, person: Member) -> None:
        """Let the user's job have failed, as far as its document says."""
        failed = {"state": State.FAILED, "reason": {"code": "no_audio", "message": "The video has no audio."}}
        self._shelf.database["jobs"].update_one({"_id": ObjectId(person.job)}, {"$set": failed, "$unset": {"mp3": ""}})

    def end_webhook(self, person: Member) -> None:
        self._endpoints.remove(person.account.id)

    def end_feed(self, person: Member) -> None:
        self._feeds.revoke(person.account.id)

    def letter(self, kind: letters.Kind, email: str) -> str:
        """Return the secret of a letter to the address, which is not sent."""
        letter = Proofs(self._database, Passwords(1)).request(kind, email, self._hash)
        with self._database.cursor() as cursor:
            cursor.execute("SELECT link FROM letters WHERE id = %s", (letter,))
            (link,) = cursor.fetchone() or ("",)
            cursor.execute("DELETE FROM letters WHERE id = %s", (letter,))
        return str(link)

    def use_up_tokens(self, person: Member) -> None:
        """Let the user have as many API tokens as an account may have."""
        with suppress(TooManyTokens):
            while True:
                self._opaque(person.account, "read token", datetime.now(UTC) + HOUR)

    def expire_upload(self, person: Member) -> None:
        self._set_upload(person, {"expires": datetime.now(UTC)})

    def complete_upload(self, person: Member) -> None:
        """Let the last byte of the user's upload be stored by a request that has not created the job yet."""
        self._set_upload(person, {"offset": 1000, "writer": "another", "until": datetime.now(UTC) + HOUR})

    def _set_upload(self, person: Member, fields: dict[str, object]) -> None:
        self._shelf.database["uploads"].update_one({"_id": ObjectId(person.upload)}, {"$set": fields})

    def unknown_user(self) -> Member:
        """Return a user who does not exist."""
        account = Account(str(uuid4()), f"{uuid4()}@people.example", "")
        job, opaque = ObjectId(), dict.fromkeys(OPAQUE, Opaque(str(uuid4()), None))
        names = str(job), str(ObjectId()), str(uuid4()), *self._links_to(job), "x" * 43, str(ObjectId())
        return Member(account, str(uuid4()), None, *names, opaque)

    def as_caller(self, person: Member, caller: str, credential: str = "JWT") -> Member:
        """Return the same user with the credential of such a caller; their own ones stay as they are."""
        if caller in {"A", "B"}:
            return person
        if credential == "JWT":
            return replace(person, token=self._token_of(person, caller))
        presented = Opaque(person.opaque[credential].id, self._secret_of(person, caller, credential))
        return replace(person, opaque={**person.opaque, credential: presented})

    def _token_of(self, person: Member, caller: str) -> str | None:
        match caller:
            case "bad":
                forger = self.forger(person)
                return forger.signed(forger.claims, Ed25519PrivateKey.generate())
            case "expired":
                return self._token(person.account, person.session, datetime.now(UTC) - timedelta(seconds=1))
            case "revoked":
                expires = datetime.now(UTC) + HOUR
                session = str(self._sessions.open(person.account, Kind.LOGIN, expires))
                self._sessions.close(person.account.id, session, Kind.LOGIN)
                return self._token(person.account, session, expires)
        return None

    def _secret_of(self, person: Member, caller: str, credential: str) -> str | None:
        match caller:
            case "bad":
                return _secret(credential)
            case "expired":
                return self._opaque(person.account, credential, datetime.now(UTC) - timedelta(seconds=1)).secret
            case "revoked":
                made = self._opaque(person.account, credential, datetime.now(UTC) + HOUR)
                self._sessions.close(person.account.id, made.id, *Kind)
                return made.secret
        return None

    def _opaque(self, account: Account, credential: str, expires: datetime) -> Opaque:
        secret = _secret(credential)
        digest = credentials.digest(secret)
        if credential == "cookie":
            made = self._sessions.open(account, Kind.BROWSER, expires, secret_hash=digest)
        else:
            scope = Scope(credential.split(maxsplit=1)[0])
            made = self._sessions.open_token(account, expires, scope, str(uuid4()), secret_hash=digest)
        return Opaque(str(made), secret)

    def forger(self, person: Member, bait: str = "http://bait.invalid") -> Forger:
        """Return a forger with our key and this user's claims."""
        private = load_pem_private_key(self._secrets.read("jwt-private", "key").encode(), None)
        assert isinstance(private, Ed25519PrivateKey)
        (public,) = json.loads(self._public)["keys"]
        now = int(datetime.now(UTC).timestamp())
        claims: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": person.account.id, "iat": now}
        claims |= {"email": person.account.email, "jti": person.session, "exp": now + 3600}
        return Forger(private, public["kid"], claims, bait)

    def belongings(self, person: Member) -> object:
        """Return all data of this user: account, sessions and API tokens, jobs, feed, webhook, uploads, files."""
        jobs = list(self._shelf.database["jobs"].find({"owner": person.account.id}, sort=[("_id", 1)]))
        uploads = list(self._shelf.database["uploads"].find({"owner": person.account.id}, {"seen": 0}))
        return (
            self._accounts.find(person.account.email),
            {entry.id for entry in self._sessions.of(person.account.id, *Kind)},
            jobs,
            self._feeds.of(person.account.id),
            self._endpoints.of(person.account.id),
            uploads,
            self._shelf.files(ObjectId(person.mp3), *(job["_id"] for job in jobs)),
        )

    def _links_to(self, job: ObjectId) -> tuple[str, str]:
        """Return the tokens of a valid link to the job and of an expired one."""
        now = datetime.now(UTC)
        valid, expired = (self._links.url(Link(job), now + lifetime).rpartition("/")[2] for lifetime in (HOUR, -HOUR))
        return valid, expired

    def _token(self, account: Account, session: str, expires: datetime) -> str:
        return self._signer.token(account, session, expires - HOUR, expires)


def _secret(credential: str) -> str:
    return credentials.new_secret() if credential == "cookie" else credentials.new_token()
