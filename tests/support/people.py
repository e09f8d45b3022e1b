"""Users with accounts, sessions, jobs and MP3s, written to the stores of the running system as the functions would."""

import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from bson import ObjectId
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from functions.auth.accounts import Account, Accounts
from functions.auth.passwords import Passwords
from functions.auth.signer import Signer
from functions.convert.id3 import Chapter, Tag
from functions.download.feeds import Feeds
from functions.download.links import Link, LinkKeys, Links
from functions.shared import mongo
from functions.shared.job.deliveries import Channel, Deliveries, Outcome
from functions.shared.job.document import State
from functions.shared.mysql import Database
from functions.shared.settings import Url
from functions.shared.tokens import AUDIENCE, ISSUER
from scripts.local.secrets import Secrets
from tests.support.auth import PASSWORD
from tests.support.forgery import Forger
from tests.support.shelf import Shelf
from tests.support.stacks import RunningStack

HOUR = timedelta(hours=1)
MP3_BYTES = 1000


@dataclass(frozen=True)
class Member:
    """An account with a session, its token, a feed, and a finished job with its MP3, `Idempotency-Key` and links."""

    account: Account
    session: str
    token: str | None
    job: str
    mp3: str
    key: str
    link: str
    expired_link: str
    feed: str

    @property
    def names(self) -> set[str]:
        """Everything that identifies this user."""
        return {self.account.id, self.account.email, self.session, self.job, self.mp3, self.key, self.link, self.feed}


class People:
    """Makes users without the cost of a password hash, and reads what they have."""

    def __init__(self, stack: RunningStack) -> None:
        self._secrets = Secrets(stack.secrets)
        private, self._public = self._secrets.read("jwt-private", "key"), self._secrets.read("jwt-public", "keys")
        self._signer = Signer(private, self._public)
        self._accounts = Accounts(Database(self._secrets.read("mysql-auth", "url")))
        self._shelf = Shelf(mongo.database(self._secrets.read("mongodb-admin", "url")))
        self._links = Links(LinkKeys(self._secrets.read("link-keys", "keys")), Url(stack.url))
        self._feeds = Feeds(self._shelf.database)
        self._hash = Passwords(1).hash(PASSWORD)

    def newcomer(self) -> Member:
        """Return a logged-in user with a finished job whose mail was sent."""
        account, expires = self._accounts.register(f"{uuid4()}@people.example", self._hash), datetime.now(UTC) + HOUR
        session, key = self._accounts.open_session(account, expires), str(uuid4())
        assert session
        tag = Tag(chapters=[Chapter(0, 1000, "the only one")]).bytes()
        job = self._shelf.done(account.id, tag + os.urandom(MP3_BYTES - len(tag)), key=key)
        assert job.mp3
        mails = Deliveries(self._shelf.database, Channel.MAIL)
        mailed = mails.claim(job.id)
        assert mailed
        mails.settle([mailed.job], Outcome.SENT)
        token = self._token(account, session, expires)
        return Member(
            account,
            session,
            token,
            str(job.id),
            str(job.mp3.id),
            key,
            *self._links_to(job.id),
            self._feeds.renew(account.id),
        )

    def keep_video(self, person: Member) -> None:
        """Let the user's job keep its video for an hour, as far as its document says."""
        kept = {"keep": 1, "kept": datetime.now(UTC) + HOUR}
        self._shelf.database["jobs"].update_one({"_id": ObjectId(person.job)}, {"$set": kept})

    def remove_mp3(self, person: Member) -> None:
        """Let the user's job have failed, as far as its document says."""
        failed = {"state": State.FAILED, "reason": {"code": "no_audio", "message": "The video has no audio."}}
        self._shelf.database["jobs"].update_one({"_id": ObjectId(person.job)}, {"$set": failed, "$unset": {"mp3": ""}})

    def end_feed(self, person: Member) -> None:
        self._feeds.revoke(person.account.id)

    def unknown_user(self) -> Member:
        """Return a user who does not exist."""
        account = Account(str(uuid4()), f"{uuid4()}@people.example", "")
        job = ObjectId()
        return Member(
            account, str(uuid4()), None, str(job), str(ObjectId()), str(uuid4()), *self._links_to(job), "x" * 43
        )

    def as_caller(self, person: Member, caller: str) -> Member:
        """Return the same user with the token of such a caller."""
        match caller:
            case "no token":
                return replace(person, token=None)
            case "bad":
                forger = self.forger(person)
                return replace(person, token=forger.signed(forger.claims, Ed25519PrivateKey.generate()))
            case "expired":
                expired = datetime.now(UTC) - timedelta(seconds=1)
                return replace(person, token=self._token(person.account, person.session, expired))
            case "revoked" | "past it":
                self._accounts.close_session(person.session)
        return person

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
        """Return all data of this user: account and session, jobs, feed, files."""
        jobs = list(self._shelf.database["jobs"].find({"owner": person.account.id}, sort=[("_id", 1)]))
        return (
            self._accounts.find(person.account.email),
            self._accounts.find_by_session(person.session, person.account.id),
            jobs,
            self._feeds.of(person.account.id),
            self._shelf.files(ObjectId(person.mp3), *(job["_id"] for job in jobs)),
        )

    def _links_to(self, job: ObjectId) -> tuple[str, str]:
        """Return the tokens of a valid link to the job and of an expired one."""
        now = datetime.now(UTC)
        valid, expired = (self._links.url(Link(job), now + lifetime).rpartition("/")[2] for lifetime in (HOUR, -HOUR))
        return valid, expired

    def _token(self, account: Account, session: str, expires: datetime) -> str:
        return self._signer.token(account.id, account.email, session, expires - HOUR, expires)
