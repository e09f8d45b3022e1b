"""Creating, changing and deleting accounts. Everything raises one of `database.AWAY` if MySQL does not answer."""

import logging

from functions.auth import emails
from functions.auth.accounts import Account, Accounts
from functions.auth.download import Download
from functions.auth.errors import WrongPassword
from functions.auth.passwords import Passwords

log = logging.getLogger("auth")


class Registration:
    def __init__(self, accounts: Accounts, passwords: Passwords, download: Download) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._download = download

    def register(self, email: str, password: str) -> Account:
        """Create an account; raise NotAnAddress, PasswordRefused or AddressTaken."""
        account = self._accounts.register(emails.new(email), self._passwords.hash(password))
        log.info("registered", extra={"user": account.id})
        return account

    def change_password(self, account: Account, current: str, new: str) -> None:
        """Set a new password and end all sessions; raise WrongPassword or PasswordRefused."""
        matches = self._passwords.match(account.password_hash, current)
        if not matches or not self._accounts.change_password(account, self._passwords.hash(new)):
            raise WrongPassword("`current` is not the account's password. The password was not changed.")
        log.info("password changed", extra={"user": account.id})

    def delete(self, account: Account, authorization: str) -> None:
        """Delete the user's jobs and files, with the user's `Authorization` header, then the account.

        Raises JobsNotDeleted, and keeps the account, as long as not all jobs are deleted.
        """
        self._download.delete_jobs(authorization)
        self._accounts.delete(account)
        log.info("account deleted", extra={"user": account.id})
