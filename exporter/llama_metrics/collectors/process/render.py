"""render: what Ollama's processes use, as families."""

from __future__ import annotations

from collections.abc import Iterable

from llama_metrics.collectors.process import metrics
from llama_metrics.collectors.process.reading import Reading
from llama_metrics.metrics import Family


def render(reading: Reading) -> Iterable[Family]:
    """Every family; without samples where nothing is known."""
    groups = reading.groups
    yield Family.of(metrics.PROCESSES, [(("server",), reading.servers), (("runner",), reading.runners)])
    yield Family.of(metrics.CPU_SECONDS, sorted(reading.cpu.items()))
    yield Family.of(metrics.RESIDENT_MEMORY, [(one.label, one.resident) for one in groups])
    yield Family.of(metrics.THREADS, [(one.label, one.threads) for one in groups])
    yield Family.of(metrics.OPEN_FDS, [(one.label, one.open_fds) for one in groups])
    yield Family.of(metrics.START_TIME, [(one.label, one.started) for one in groups])
    yield Family.single(metrics.CONNECTIONS, reading.connections)
