"""Replays the dead-lettered events: makes their jobs due again, says what became of each, and forgets the events.

The sweeper tells the jobs at its next tick. Safe to repeat. Asks for `MONGODB_URL` in the environment.
"""

import os
from dataclasses import dataclass

from functions.deadletter.dead import Dead
from functions.deadletter.replay import Replay
from functions.shared import mongo
from functions.shared.settings import Url, load


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url


def main() -> None:
    database = mongo.database(load(Settings, os.environ).mongodb_url)
    dead, replay = Dead(database), Replay(database)
    events = dead.all()
    for event in events:
        fate = replay.renew(event.subject)
        dead.remove(event)
        print(f"{event.key['id']}, not taken by {event.key['dest']} ({event.code}, {event.count} times): {fate}")
    print(f"{len(events)} replayed; the sweeper tells the jobs again within a minute.")


if __name__ == "__main__":
    main()
