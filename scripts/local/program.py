"""The description of a process, for the process manager."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """One long-running process of the laptop stack.

    `env` is its complete environment except PATH, HOME and LANG; `address` is where it listens.
    """

    name: str
    command: list[str]
    env: dict[str, str]
    address: str
