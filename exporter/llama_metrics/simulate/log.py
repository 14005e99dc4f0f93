"""The log of a simulated Ollama: what a scenario has it hold between two moments, and the file that it goes to."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from llama_metrics.simulate.event import Counts, counted
from llama_metrics.simulate.scenario import Scenario
from llama_metrics.simulate.traffic import Traffic
from llama_metrics.simulate.wording import is_upstream

# What an Ollama before 0.30 does not log.
_UPSTREAM_ONLY = frozenset(
    (
        *("ollama_requests_total", "ollama_prompt_tokens_total", "ollama_prompt_evaluated_tokens_total"),
        *("ollama_prompt_cached_tokens_total", "ollama_generated_tokens_total", "ollama_context_shifts_total"),
        *("ollama_prompt_eval_duration_seconds_total", "ollama_eval_duration_seconds_total"),
    )
)
# A simulated Ollama may run for months. Then FILE becomes FILE.1, as with logrotate.
LARGEST = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Written:
    """What the log holds of a span, worked out from the scenario: the truth for whoever counts its lines.

    Attributes:
        counts: by a metric's name and its labels' values; models by their names, also where lines do not tell them.
            Polls are not in it, for they come from outside.

    """

    counts: Counts

    def total(self, name: str) -> float:
        """The sum over all labels of a metric."""
        return sum(value for key, value in self.counts.items() if key[0] == name)


def written(scenario: Scenario, until: float, after: float = -1.0) -> Written:
    """What is written up to `until`, and not before or at `after`; in seconds from the start of the scenario."""
    counts = counted(event for event in Traffic(scenario).until(until) if event.at > after)
    silent = frozenset() if is_upstream(scenario.version) else _UPSTREAM_ONLY
    return Written({key: value for key, value in counts.items() if key[0] not in silent})


class LogFile:
    """Appends whole lines; from any thread. Raises OSError where it cannot."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path, self._largest = path, largest
        self._lock = threading.Lock()
        self._file = path.open("ab", buffering=0)

    def write(self, text: str) -> None:
        """At once: it can be read when this returns."""
        if not text:
            return
        with self._lock:
            if self._file.tell() > self._largest:
                self._file.close()
                self._path.replace(f"{self._path}.1")
                self._file = self._path.open("ab", buffering=0)
            self._file.write(text.encode())

    def close(self) -> None:
        """For good."""
        with self._lock:
            self._file.close()
