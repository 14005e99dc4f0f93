"""read: one runner, asked on its port on a thread of its own, so that the silence of one costs the others nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from llama_metrics.collectors.runner import answers
from llama_metrics.collectors.runner.metrics import LOADING, NO_SLOTS, OTHER, READY, SILENT
from llama_metrics.collectors.runner.reading import Counters, Slots
from llama_metrics.errors import BadAnswer, SourceError, TimedOut, Unreachable
from llama_metrics.flight import SingleFlight
from llama_metrics.ollama.client import Client

_PORTS = range(1, 2**16)
# llama-server keeps a connection for 5 s, and with it one of its few threads that answer Ollama too.
_HEADERS = {"Connection": "close"}
_REFUSED = os.strerror(errno.ECONNREFUSED).lower()
_STATUSES = {404: NO_SLOTS, 501: NO_SLOTS, 503: LOADING}


@dataclass(frozen=True, slots=True)
class Told:
    """What a runner has told; `rejected` counts what of it cannot be true."""

    state: str
    slots: Slots | None = None
    counters: Counters | None = None
    rejected: int = 0


class Port:
    """Where a runner listens: 127.0.0.1, for Ollama's runners know no other address.

    Args:
        number: from its command line; None where that names none.
        metrics: whether to ask for its counters too.
        monotonic: the clock that deadlines are told in.

    """

    def __init__(self, number: int | None, *, metrics: bool, monotonic: Callable[[], float]) -> None:
        self._is_one, self._metrics = number in _PORTS, metrics
        self._client = Client(f"http://127.0.0.1:{number}", _HEADERS, monotonic)
        self._deadline = 0.0
        self._flights = SingleFlight(f"runner-{number}", self._ask, monotonic)
        # What it has told of the last question, while the whole answer is under way.
        self.so_far = Told(SILENT)

    def ask(self, deadline: float) -> Future[Told]:
        """What it tells by the deadline; on another thread, so this returns at once."""
        self._deadline, self.so_far = deadline, Told(SILENT)
        return self._flights.join().result

    def close(self) -> None:
        """Ends its thread; an answer that is under way is waited for by nobody any more, and ends at its deadline."""
        self._flights.stop(0, TimedOut("the runner is not asked any more"))
        self._client.close()

    def _ask(self) -> Told:
        if not self._is_one:
            return Told(OTHER)
        try:
            slots, rejected = answers.slots(self._client.fetch("/slots", self._deadline))
        except SourceError as error:
            told = Told(self._state(error))
        else:
            told = Told(READY, slots, None, rejected)
        self.so_far = told
        # Where slots are switched off, counters may be on.
        return self._with_counters(told) if self._metrics and told.state in (READY, NO_SLOTS) else told

    def _with_counters(self, told: Told) -> Told:
        # Where its operator has not allowed them, there are none: that is no trouble of the runner's.
        with suppress(SourceError):
            counters, rejected = answers.counters(self._client.fetch("/metrics", self._deadline))
            return Told(told.state, told.slots, counters, told.rejected + rejected)
        return told

    def _state(self, error: SourceError) -> str:
        if isinstance(error, TimedOut):
            return SILENT
        if isinstance(error, BadAnswer) and error.status:
            return _STATUSES.get(error.status, OTHER)
        is_refused = isinstance(error, Unreachable) and _REFUSED in str(error)
        return LOADING if is_refused else OTHER
