"""Accounts and new passwords by letter. Everything raises one of `mysql.AWAY` if MySQL does not answer."""

from functions.auth import emails, passwords
from functions.auth.accounts import Account, Accounts
from functions.auth.credentials import is_secret
from functions.auth.errors import AddressTaken, NotAnAddress, ProofRefused, TooManyAttempts
from functions.auth.passwords import Passwords
from functions.auth.proofs import Proof, Proofs
from functions.auth.throttle import HASHES, LETTERS, LETTERS_TO, Throttle
from functions.shared import audit
from functions.shared.letters import Kind


class Verification:
    """`client` is the network address of the caller, whose attempts are limited: all raise TooManyAttempts.

    Letters are only put into the outbox: whoever asks for one has to publish the id that is returned. It is None if the
    address has had too many letters, which the caller is not told either: somebody else may have asked for them.
    """

    def __init__(self, accounts: Accounts, proofs: Proofs, hashes: Passwords, throttle: Throttle) -> None:
        self._accounts = accounts
        self._proofs = proofs
        self._passwords = hashes
        self._throttle = throttle

    def register(self, email: str, password: str, client: str) -> str | None:
        """Write a letter, by which an account with this password is created, and return its id.

        Raises NotAnAddress or PasswordRefused. Nobody sees whether the address has an account: then the letter says so.
        """
        self._throttle.take(HASHES, client)
        address = emails.new(email)
        passwords.check(password, address)
        return self._write(Kind.VERIFY, address, client, self._passwords.hash(password))

    def forget(self, email: str, client: str) -> str | None:
        """Write a letter, by which a new password is set, and return its id.

        Nobody sees whether the address has an account: without one the letter is withheld.
        """
        self._throttle.take(HASHES, client)
        try:
            address = emails.normalise(email)
        except NotAnAddress:
            return None
        return self._write(Kind.RESET, address, client)

    def verify(self, proof: Proof) -> Account:
        """Create the account of a registration; raise ProofRefused."""
        if not self._proofs.use(proof):
            raise ProofRefused
        try:
            account = self._accounts.register(proof.email, str(proof.password_hash), verified=True)
        except AddressTaken as error:  # by another letter, or before this one was asked for
            raise ProofRefused from error
        audit.identify(account.id)
        return account

    def reset(self, proof: Proof, password: str) -> None:
        """Set a new password, and end all sessions and API tokens; raise PasswordRefused or ProofRefused."""
        passwords.check(password, proof.email)
        password_hash = self._passwords.hash(password)
        if not (self._proofs.use(proof) and self._accounts.reset_password(proof.email, password_hash)):
            raise ProofRefused

    def by_link(self, kind: Kind, link: str, client: str) -> Proof:
        """Return the open proof with this link; raise ProofRefused."""
        self._throttle.take(HASHES, client)
        return _found(self._proofs.by_link(kind, link) if is_secret(link) else None)

    def by_code(self, kind: Kind, email: str, code: str, client: str) -> Proof:
        """Return the open proof of the address with this code; raise ProofRefused."""
        self._throttle.take(HASHES, client)
        try:
            address = emails.normalise(email)
        except NotAnAddress as error:
            raise ProofRefused from error
        return _found(self._proofs.by_code(kind, address, code))

    def _write(self, kind: Kind, address: str, client: str, password_hash: str | None = None) -> str | None:
        self._throttle.take(LETTERS, client)
        try:
            self._throttle.take(LETTERS_TO, address)
        except TooManyAttempts:
            return None
        return self._proofs.request(kind, address, password_hash)


def _found(proof: Proof | None) -> Proof:
    if proof is None:
        raise ProofRefused
    return proof
