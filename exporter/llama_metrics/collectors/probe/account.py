"""What is known of one model that is probed."""

from __future__ import annotations

from bisect import bisect_left

from llama_metrics.collectors.probe.memory import Running
from llama_metrics.collectors.probe.metrics import FAILURES, FIRST_TOKEN, RELOADED, SKIPS
from llama_metrics.collectors.probe.reading import Probe, Probed
from llama_metrics.metrics import Distribution
from llama_metrics.ollama.generation import Generation

# A model is left alone for so long the first time, and each further time twice as long, up to a day: a mistake of
# ours costs its probe ten minutes, and a model that other options load anew each time hardly notices.
_FIRST_REST, _LONGEST_REST = 600.0, 86400.0


class Account:
    """Counts, and remembers the last probe.

    Args:
        name: of the model.
        is_named: whether the configuration names it; the others are probed while they are pinned.
        may_load: whether it is probed where it is not in memory.

    """

    def __init__(self, name: str, *, is_named: bool, may_load: bool) -> None:
        self.name, self.may_load, self._is_named = name, may_load, is_named
        # When it was first seen to be neither named nor pinned (monotonic seconds); None while it is.
        self.gone: float | None = None
        # Set where the last request ran out of time while the model was in memory.
        self.is_suspect = False
        self._alone: tuple[str, float] | None = None
        self._rest = _FIRST_REST
        self._attempts = 0
        self._failures, self._skips = dict.fromkeys(FAILURES, 0), dict.fromkeys(SKIPS, 0)
        self._counts, self._sum = [0] * (len(FIRST_TOKEN.bounds) + 1), 0.0
        self._last: Probe | None = None
        self._last_success: float | None = None

    def succeeded(self, generation: Generation, ended: float) -> None:
        """It got its token."""
        first, rest = generation.first_token, generation.rest
        self._attempts += 1
        self._counts[bisect_left(FIRST_TOKEN.bounds, first)] += 1
        self._sum += first
        self._last = Probe(success=True, ended=ended, duration=first + rest, generation=rest, tokens=generation.tokens)
        self._last_success = ended

    def failed(self, reason: str, duration: float, ended: float) -> None:
        """It got none."""
        self._attempts += 1
        self._failures[reason] += 1
        self._last = Probe(success=False, ended=ended, duration=duration)

    def skipped(self, reason: str) -> None:
        """It was not asked."""
        self._skips[reason] += 1
        self._last = None

    def leave_alone(self, reason: str, monotonic: float) -> None:
        """It is skipped for a while, for this reason."""
        if self._alone and monotonic - self._alone[1] > _LONGEST_REST:
            self._rest = _FIRST_REST
        self._alone = reason, monotonic + self._rest
        self._rest = min(2 * self._rest, _LONGEST_REST)

    def left_alone(self, monotonic: float) -> str | None:
        """Why it is to be skipped, if so."""
        return self._alone[0] if self._alone and monotonic < self._alone[1] else None

    def see(self, running: Running | None, monotonic: float) -> None:
        """Takes note of how it is in memory now, or that it is not."""
        if self.is_suspect and running is None:
            # It was there when the request began that ran out of time: Ollama took it out to load it anew, and gave
            # that up with the request. Asked again, it would never come to an end.
            self.leave_alone(RELOADED, monotonic)
        self.is_suspect = False
        if self._is_named or (running is not None and running.pinned):
            self.gone = None
        elif self.gone is None:
            self.gone, self._last, self._last_success = monotonic, None, None

    def reading(self) -> Probed:
        """All of it at this moment."""
        return Probed(
            model=self.name,
            attempts=self._attempts,
            failures=tuple(self._failures.items()),
            skips=tuple(self._skips.items()),
            first_token=Distribution(tuple(self._counts), self._sum) if any(self._counts) else None,
            last=self._last,
            last_success=self._last_success,
        )
