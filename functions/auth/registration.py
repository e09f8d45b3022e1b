"""Creating, changing and deleting accounts. Everything raises one of `mysql.AWAY` if MySQL does not answer."""

from functions.auth import emails, passwords
from functions.auth.accounts import Account, Accounts
from functions.auth.download import Download
from functions.auth.errors import WrongPassword
from functions.auth.passwords import Passwords
from functions.auth.throttle import HASHES, Throttle
from functions.shared import audit


class Registration:
    """`client` is the network address of the caller, whose attempts are limited: all raise TooManyAttempts."""

    def __init__(self, accounts: Accounts, hashes: Passwords, throttle: Throttle, download: Download) -> None:
        self._accounts = accounts
        self._passwords = hashes
        self._throttle = throttle
        self._download = download

    def register(self, email: str, password: str, client: str) -> Account:
        """Create an account; raise NotAnAddress, PasswordRefused or AddressTaken."""
        self._throttle.take(HASHES, client)
        address = emails.new(email)
        passwords.check(password, address)
        account = self._accounts.register(address, self._passwords.hash(password))
        audit.identify(account.id)
        return account

    def change_password(self, account: Account, current: str, new: str, client: str) -> None:
        """Set a new password and end all sessions; raise WrongPassword or PasswordRefused."""
        wrong = WrongPassword("`current` is not the account's password. The password was not changed.")
        self._confirm(account, current, client, wrong)
        passwords.check(new, account.email)
        if not self._accounts.change_password(account, self._passwords.hash(new)):
            raise wrong

    def delete(self, account: Account, authorization: str, password: str, client: str) -> None:
        """Delete the user's jobs and files, with the user's `Authorization` header, then the account.

        Raises WrongPassword. Raises JobsNotDeleted, and keeps the account, as long as not all jobs are deleted.
        """
        wrong = WrongPassword("`password` is not the account's password. The account was not deleted.")
        self._confirm(account, password, client, wrong)
        self._download.delete_jobs(authorization)
        self._accounts.delete(account)

    def _confirm(self, account: Account, password: str, client: str, wrong: WrongPassword) -> None:
        """Raise `wrong` unless it is the account's password: whoever stole a token does not know that."""
        self._throttle.take(HASHES, client)
        self._throttle.try_password(account.email, client)
        if not self._passwords.match(account.password_hash, password):
            raise wrong
        self._throttle.right_password(account.email, client)
