"""One flight at a time: whoever asks while a call is under way gets that call's result."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Flight(Generic[Result]):
    """A call under way, and when it started (monotonic seconds)."""

    started: float
    result: Future[Result]


class SingleFlight(Generic[Result]):
    """Makes calls of `work` on a thread of its own, so that a call that hangs for ever costs this one thread.

    The thread is a daemon: Python does not wait for a call that will never end.
    """

    def __init__(self, name: str, work: Callable[[], Result], monotonic: Callable[[], float]) -> None:
        self._work, self._monotonic = work, monotonic
        self._lock = threading.Lock()
        self._current: Flight[Result] | None = None
        self._stopped: Exception | None = None
        self._waiting: SimpleQueue[Flight[Result] | None] = SimpleQueue()
        threading.Thread(target=self._fly, name=f"collect-{name}", daemon=True).start()

    def join(self) -> Flight[Result]:
        """The call under way; a new one where there is none. After `stop` it fails at once."""
        with self._lock:
            if self._current is None or self._current.result.done():
                self._current = Flight(self._monotonic(), Future())
                if self._stopped is None:
                    self._waiting.put(self._current)
                else:
                    self._current.result.set_exception(self._stopped)
            return self._current

    def stop(self, seconds: float, error: Exception) -> None:
        """Waits `seconds` for the call under way, then gives `error` to those who wait for it. Ends the thread."""
        with self._lock:
            self._stopped, flight = error, self._current
        self._waiting.put(None)
        if flight is not None:
            wait([flight.result], timeout=max(0.0, seconds))
            with suppress(InvalidStateError):
                flight.result.set_exception(error)

    def _fly(self) -> None:
        while (flight := self._waiting.get()) is not None:
            try:
                result = self._work()
            except BaseException as error:  # noqa: BLE001  the waiters judge it; this thread must live on
                with suppress(InvalidStateError):
                    flight.result.set_exception(error)
            else:
                with suppress(InvalidStateError):
                    flight.result.set_result(result)
