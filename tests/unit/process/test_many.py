"""Thousands of processes that came all at once: a look at them is bounded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from llama_metrics.collectors.process.source import ProcessSource
from llama_metrics.errors import TimedOut
from tests.support.host import context
from tests.support.process_table import ProcessTable, row


class Slow(ProcessTable):
    """Each command line that is read takes a hundredth of a second, by the clock of a test's own."""

    ahead = 0.0

    def clock(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() + self.ahead

    def command(self, pid: int) -> Sequence[str]:
        """Read slowly."""
        self.ahead += 0.01
        return super().command(pid)


def test_thousands_of_processes_are_looked_at_bit_by_bit(tmp_path: Path) -> None:
    """At the start for five seconds, in a scrape for its time; until all are known, it says that they are not."""
    many = (row(f"{pid} 1 0 0 0 1 0 sh sh") for pid in range(10_000, 10_600))
    slow = Slow(*ProcessTable.load("linux_0.33").rows.values(), *many)
    source = ProcessSource(slow, lambda _: 3, context(tmp_path, monotonic=slow.clock))
    assert len(slow.read) == pytest.approx(500, abs=10)
    with pytest.raises(TimedOut, match="looking for Ollama's processes: not all of 612 could be looked at in time"):
        source.read(slow.clock() + 1.0)
    assert len(slow.read) == pytest.approx(575, abs=20)
    reading = source.read(slow.clock() + 60.0)

    assert (reading.servers, reading.runners, len(slow.read)) == (1, 3, 612)
