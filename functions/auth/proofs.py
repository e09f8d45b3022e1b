"""Proofs that somebody reads the mails of an address: the table `proofs`, and letters of the outbox that carry them.

A letter has a link and a code of 8 digits. The store has the link's SHA-256 and the code's Argon2 hash, which makes it
expensive to try all codes; both in clear text only in a letter that was not sent yet. Every method raises one of
`mysql.AWAY` if MySQL does not answer.
"""

import secrets
from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

from functions.auth import credentials
from functions.auth.passwords import Passwords
from functions.shared import letters
from functions.shared.letters import Kind, Letter
from functions.shared.mysql import Database

PROOF_LIFETIME = timedelta(minutes=15)
INVITATION_LIFETIME = timedelta(days=7)
CODE_DIGITS = 8
MAX_CODE_TRIES = 5  # of a letter


class Proof(NamedTuple):
    """An open proof; a registration has the hash of its password."""

    id: str
    email: str
    password_hash: str | None


class Proofs:
    def __init__(self, database: Database, hashes: Passwords) -> None:
        self._database = database
        self._hashes = hashes

    def request(self, kind: Kind, email: str, password_hash: str | None = None) -> str:
        """Insert a proof and its letter, and return the letter's id.

        An address with an account cannot be registered: the letter says so instead. One without an account cannot get a
        new password: then the letter is withheld. Either way the same is done, so that nobody sees it by the time.
        """
        link, code = credentials.new_secret(), f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        code_hash = self._hashes.hash(code)
        with self._database.transaction() as cursor:
            known = cursor.execute("SELECT id FROM users WHERE email = %s", (email,)) > 0
            seconds = PROOF_LIFETIME // timedelta(seconds=1)
            cursor.execute(
                "INSERT INTO proofs (id, kind, email, password_hash, link_hash, code_hash, tries, expires)"
                " VALUES (%s, %s, %s, %s, %s, %s, 0, UTC_TIMESTAMP() + INTERVAL %s SECOND)",
                (str(uuid4()), kind, email, password_hash, credentials.digest(link), code_hash, seconds),
            )
            proves = known if kind is Kind.RESET else not known
            written = Kind.TAKEN if known and kind is Kind.VERIFY else kind
            letter = Letter(str(uuid4()), written, email, link if proves else "", code if proves else "")
            letters.insert(cursor, letter, seconds, due=proves or written is Kind.TAKEN)
        return letter.id

    def invite(self, email: str) -> str:
        """Insert a proof that sets the address' password, without a letter; return the secret of its link."""
        link, seconds = credentials.new_secret(), INVITATION_LIFETIME // timedelta(seconds=1)
        with self._database.cursor() as cursor:
            cursor.execute(
                "INSERT INTO proofs (id, kind, email, link_hash, code_hash, tries, expires)"
                " VALUES (%s, %s, %s, %s, '', %s, UTC_TIMESTAMP() + INTERVAL %s SECOND)",
                (str(uuid4()), Kind.RESET, email, credentials.digest(link), MAX_CODE_TRIES, seconds),
            )
        return link

    def by_link(self, kind: Kind, link: str) -> Proof | None:
        with self._database.cursor() as cursor:
            cursor.execute(
                "SELECT id, email, password_hash FROM proofs"
                " WHERE link_hash = %s AND kind = %s AND expires > UTC_TIMESTAMP()",
                (credentials.digest(link), kind),
            )
            row = cursor.fetchone()
        return Proof(*row) if row else None

    def by_code(self, kind: Kind, email: str, code: str) -> Proof | None:
        """Return the proof of the address whose letter has the code.

        A try counts for each of the address' letters, before the code is compared: concurrent tries count too.
        """
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT id, email, password_hash, code_hash FROM proofs"
                " WHERE email = %s AND kind = %s AND tries < %s AND expires > UTC_TIMESTAMP() FOR UPDATE",
                (email, kind, MAX_CODE_TRIES),
            )
            rows = cursor.fetchall()
            if rows:
                tried = ([number for number, *_others in rows],)
                cursor.execute("UPDATE proofs SET tries = tries + 1 WHERE id IN %s", tried)
        for *proof, code_hash in rows:
            if self._hashes.match(code_hash, code):
                return Proof(*proof)
        return None

    def use(self, proof: Proof) -> bool:
        """Remove the proof; return whether nobody else has done so."""
        with self._database.cursor() as cursor:
            return cursor.execute("DELETE FROM proofs WHERE id = %s", (proof.id,)) > 0
