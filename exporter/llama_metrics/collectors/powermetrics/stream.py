"""powermetrics as a child that is started again when it ends, says nothing any more, or has run for an hour."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from llama_metrics.collectors.powermetrics.command import is_refusal, refusal
from llama_metrics.collectors.powermetrics.frames import Frames, is_beginning
from llama_metrics.errors import NotPermitted, SourceError, Stale
from llama_metrics.system.backoff import Backoff
from llama_metrics.system.child import Child

# Intervals without a sample after which nothing is current any more.
PATIENCE = 3
# Seconds that a start may take besides.
START = 2.0
# powermetrics is known to grow by gigabytes in a night. An interval or two are lost each time.
_OLDEST = 3600.0
# It writes line by line, and to be woken for each of two thousand costs more than to parse them.
_GATHER = 0.02


class Stream:
    """What the program prints, piece by piece, over all its runs.

    Args:
        command: the command line.
        interval: seconds between two samples.
        user: whom we run as, for the sentence that says what to grant.
        monotonic: seconds that never jump.
        backoff: when a run that failed is followed by another.

    """

    def __init__(
        self,
        command: Sequence[str],
        interval: float,
        user: str,
        monotonic: Callable[[], float],
        backoff: Backoff | None = None,
    ) -> None:
        self._command, self._interval, self._user, self._monotonic = command, interval, user, monotonic
        self._backoff = backoff or Backoff(monotonic=monotonic)
        self._child: Child | None = None
        self._frames = Frames()
        self._garbage = b""
        self._failure: SourceError | None = None
        # Of the present run: when it began, when it last said something, when it was told to end.
        self._begun = self._heard = monotonic()
        self._told: float | None = None
        self._runs = 0

    @property
    def restarts(self) -> int:
        """Times the program was started again."""
        return max(0, self._runs - 1)

    def start(self) -> None:
        """The next run. Raises what the last one failed with as long as it is too early for the next."""
        if self._failure is not None and self._backoff.left():
            raise type(self._failure)(str(self._failure))
        try:
            self._child = Child(self._command)
        except SourceError as error:
            raise self._failed(error) from None
        self._runs += 1
        self._frames, self._garbage, self._told = Frames(), b"", None
        self._begun = self._heard = self._monotonic()

    def read(self, seconds: float) -> list[bytes]:
        """What is whole within about `seconds`; see Frames. Raises SourceError where no program runs, or too many."""
        if self._child is not None and self._told is not None and not self._is_gone(self._child, self._told):
            return []
        if self._child is None:
            self.start()
        assert self._child is not None  # noqa: S101  start() raises, or there is one
        chunk = self._child.read(seconds)
        if chunk == b"":
            return self._noted(self._frames.rest()) or self._ended(self._child)
        pieces = self._noted(self._frames.feed(chunk)) if chunk else []
        if chunk:
            time.sleep(_GATHER)  # its lines come one by one, and being woken for each would cost twice the parsing
        self._judge(pieces)
        return pieces

    def close(self) -> None:
        """Ends the program, or lets go of it where it takes no signal from us: its next write ends it."""
        if self._child is not None:
            with suppress(Stale):
                self._child.end()
            self._child = None

    def _noted(self, pieces: list[bytes]) -> list[bytes]:
        """The same; what is no document may be the reason why the run ends."""
        self._garbage = next((piece for piece in pieces if not is_beginning(piece)), self._garbage)
        return pieces

    def _judge(self, pieces: list[bytes]) -> None:
        """Whether the present run is to go on."""
        now = self._monotonic()
        if any(map(is_beginning, pieces)):
            self._backoff.succeeded()
            # Between two samples, so that none is torn.
            self._told = now if now - self._begun > _OLDEST else None
        if pieces:
            self._heard = now
        elif now - self._heard > PATIENCE * self._interval + START:
            self._failed(Stale(f"{self._command[0]} said nothing for {now - self._heard:.0f} s; it is started again"))
            self._told = now

    def _is_gone(self, child: Child, told: float) -> bool:
        """Whether what was told to end has ended: there is never a second one beside it."""
        try:
            child.end()
        except Stale:
            # What takes no signal from us ends when it writes its next sample.
            if self._monotonic() - told > 2 * self._interval + START:
                raise
            return False
        self._child = None
        return True

    def _ended(self, child: Child) -> list[bytes]:
        """Raises what the run ended with."""
        status, said = child.end()
        self._child = None
        said = "\n".join(filter(None, (self._garbage.decode("utf-8", errors="replace").strip(), said)))
        if is_refusal(said):
            raise self._failed(NotPermitted(refusal(self._user)))
        why = said.splitlines()[-1] if said else "no reason given"
        raise self._failed(
            Stale(f"{self._command[0]} ended with status {status}: {why}; it is tried again, try it in a terminal too")
        )

    def _failed(self, error: SourceError) -> SourceError:
        self._failure = error
        self._backoff.failed()
        return error
