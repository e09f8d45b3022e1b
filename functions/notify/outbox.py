"""Sends one letter of the outbox: acquired, sent, then settled."""

import logging
from typing import Protocol

from functions.notify import account_letter
from functions.notify.letter import Sender
from functions.notify.notifier import MailServer, hand_over
from functions.shared.job.deliveries import Outcome
from functions.shared.letters import Letter
from functions.shared.settings import Url

log = logging.getLogger(__name__)


class Letters(Protocol):
    """The outbox; `functions.shared.letters.Letters` is one."""

    def claim(self, letter: str) -> Letter | None:
        """Acquire the letter, or return None."""

    def settle(self, letter: Letter, outcome: str) -> None:
        """Record the outcome."""


class Outbox:
    def __init__(self, letters: Letters, server: MailServer, sender: Sender, public_url: Url) -> None:
        self._letters = letters
        self._server = server
        self._sender = sender
        self._public_url = public_url

    def send(self, letter: str) -> None:
        """Send the letter with this id, once. A crash between sending and settling repeats it, but loses none.

        Raises RetryLater if the mail server is away: the lease is the backoff. Raises one of `mysql.AWAY`.
        """
        claimed = self._letters.claim(letter)
        if claimed is None:
            log.info("no letter due: settled, leased, in backoff or expired")
            return
        outcome = self._outcome(claimed)
        self._letters.settle(claimed, outcome)
        log.info("letter settled", extra={"letter": letter, "kind": claimed.kind, "outcome": outcome})

    def _outcome(self, letter: Letter) -> Outcome:
        try:
            mail = account_letter.compose(letter, self._sender, self._public_url)
        except ValueError:
            return Outcome.BOUNCED
        return hand_over(mail, self._server)
