"""Sessions without MySQL."""

from functions.shared.tokens import Caller


class OpenSessions:
    """All sessions are open."""

    def require_open(self, caller: Caller) -> None:
        """Accept the caller."""
