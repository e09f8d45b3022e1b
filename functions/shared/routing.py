"""Routes of a function's API."""

from collections.abc import Callable

from werkzeug import routing


class Rule(routing.Rule):
    """A route that no URL is built from: werkzeug compiles two functions for that, nine tenths of a route's 0.3 ms."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002, FBT001, FBT002
        return _build


def _build(_rule: Rule, **_values: object) -> tuple[str, str]:
    raise NotImplementedError
