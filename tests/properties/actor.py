"""A function at work that takes one step at a time, on demand, and can be killed between two steps."""

from collections.abc import Callable
from enum import StrEnum
from threading import Semaphore, Thread

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

TOO_LONG = 60  # seconds for one step: it waits for something that never comes
CONNECTING = {"hello", "saslStart", "saslContinue", "endSessions", "killCursors"}
READING = {"find", "aggregate", "getMore"}


class Fate(StrEnum):
    """How the world outside answers a step: ffmpeg, the mail server, the broker."""

    GOOD = "good"
    BAD = "bad"
    AWAY = "away"


class Killed(BaseException):
    """What every further step of a killed actor raises: nothing that it does reaches anybody."""


class Actor(CommandListener):
    """Runs one call at a time, in a thread that stops before each thing that others can notice.

    Those are the commands to MongoDB of the client that it listens to, and what stands for the world and calls
    `pause`. So any number of actors interleave command by command, in an order that the test draws.
    """

    def __init__(self) -> None:
        self.result: object = None
        self.error: BaseException | None = None
        self.busy = False
        self.reads = False  # its next step changes nothing
        self._turn = Semaphore(0)
        self._still = Semaphore(0)
        self._fate = Fate.GOOD
        self._dead = False

    def start(self, call: Callable[[], object]) -> None:
        """Begin the call, and return when it stands before its first step."""
        self.result = self.error = None
        self.busy, self._dead = True, False
        Thread(target=self._run, args=(call,), daemon=True).start()
        self._wait()

    def step(self, fate: Fate) -> None:
        """Let it take one step, and return when it stands before the next or has ended."""
        self._fate = fate
        self._turn.release()
        self._wait()

    def kill(self) -> None:
        """End it before its next step."""
        self._dead = True
        self._turn.release()
        self._wait()

    def pause(self) -> Fate:
        """Stop until it is this actor's turn; return how the step ends, if the world has a say in it."""
        return self._stop(reads=False)

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name not in CONNECTING:
            self._stop(reads=event.command_name in READING)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass

    def _stop(self, *, reads: bool) -> Fate:
        self.reads = reads
        if not self._dead:
            self._still.release()
            self._turn.acquire()
        if self._dead:
            raise Killed
        return self._fate

    def _run(self, call: Callable[[], object]) -> None:
        try:
            self.result = call()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001  # the play decides which errors are allowed
            self.error = error
        finally:
            self.busy = False
            self._still.release()

    def _wait(self) -> None:
        assert self._still.acquire(timeout=TOO_LONG), "a step does not end"
