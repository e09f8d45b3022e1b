"""What the process manager is told of a program."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """One long-running process of the laptop stack.

    `env` is its whole environment but for PATH, HOME and LANG; `address` is where it listens, for people to read.
    """

    name: str
    command: list[str]
    env: dict[str, str]
    address: str
