"""Replays all dead letters: `python -m functions.deadletter.replay`, with MONGODB_URL in the environment.

Prints one line for each letter: what became of its job. Safe to repeat.
"""

import os
from dataclasses import dataclass

from functions.deadletter.replayer import Replayer
from functions.shared import mongo
from functions.shared.settings import Url, load


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url


def main() -> None:
    count = 0
    for letter, fate in Replayer(mongo.database(load(Settings, os.environ).mongodb_url)).replay_all():
        event, dest, code = map(_visible, (letter.key["id"], letter.key["dest"], letter.code))
        print(f"{event}, not accepted by {dest} ({code}, {letter.count} times): {fate}")
        count += 1
    print(f"{count} replayed; the sweeper republishes the jobs within a minute.")


def _visible(text: str) -> str:
    """Return one line without control characters: an event's attributes must not control the terminal."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


if __name__ == "__main__":
    main()
