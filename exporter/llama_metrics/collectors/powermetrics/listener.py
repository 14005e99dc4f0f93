"""Listens to powermetrics on a thread of its own and adds up; a scrape only takes what there is."""

from __future__ import annotations

import threading

from llama_metrics.background import Loop
from llama_metrics.collector import Context
from llama_metrics.collectors.powermetrics.account import Account, Reading
from llama_metrics.collectors.powermetrics.plist import parse
from llama_metrics.collectors.powermetrics.stream import PATIENCE, START, Stream
from llama_metrics.errors import BadAnswer, Stale

# Silence is noticed so late, at most.
_WAIT = 0.25
# Longer than any round of the work, most of which take what remains of the wait.
_GRACE = 3.0


class Listener:
    """A stream that is listened to, from the moment this is made until `close`.

    Args:
        stream: already started.
        interval: seconds between two samples.
        context: the clocks.

    """

    def __init__(self, stream: Stream, interval: float, context: Context) -> None:
        self._stream, self._interval, self._context = stream, interval, context
        self._account = Account(interval)
        self._lock = threading.Lock()
        self._heard = context.monotonic()
        # Why the latest piece of output was no sample; None where it was one.
        self._trouble: BadAnswer | None = None
        self._loop = Loop("powermetrics", self._step, context.now)
        self._loop.start()

    @property
    def rejected(self) -> int:
        """Values of samples that cannot be true."""
        return self._account.implausible

    @property
    def restarts(self) -> int:
        """Times the program was taken up again after trouble; it is also started again without any."""
        return self._loop.restarts

    @property
    def last_success(self) -> float | None:
        """When the latest sample arrived, in seconds since 1970."""
        return self._account.arrived

    def read(self, deadline: float) -> Reading:  # noqa: ARG002  there is nothing to wait for
        """What there is; no sample while the first is awaited. Raises SourceError where the latest is too old."""
        with self._lock:
            silent = self._context.monotonic() - self._heard
            trouble = self._loop.error or self._trouble
            is_first = self._account.arrived is None
            if (is_first and trouble) or silent > PATIENCE * self._interval + (START if is_first else 0):
                raise trouble or Stale(f"powermetrics gave no sample for {silent:.0f} s")
            return self._account.reading(self._stream.restarts)

    def close(self) -> None:
        """Ends the program; see Stream."""
        self._loop.stop(_GRACE)
        self._stream.close()

    def _step(self) -> None:
        for piece in self._stream.read(_WAIT):
            self._take(piece)

    def _take(self, piece: bytes) -> None:
        try:
            sample = parse(piece)
        except BadAnswer as error:
            with self._lock:
                self._account.parse_errors += 1
                self._trouble = error
            return
        with self._lock:
            self._account.add(sample, self._context.now())
            self._heard, self._trouble = self._context.monotonic(), None
