"""What the exporter holds after many scrapes of an Ollama that is well, breaks, hangs, dies and comes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import imports, powermetrics
from tests.bench.exporter import TAGS_ALWAYS, Exporter, Held
from tests.bench.table import Row
from tests.bench.upstream import Mood, Upstream, free_port

_CYCLES = 10
_MB = 1e6
_BUDGET_RESIDENT = 10
# Memory settles for some thousand scrapes, as garbage and arenas find their size: 1.8 MB were measured. This is 200
# bytes a scrape; whatever is kept of one (a page, an exception, a connection) is larger.
_BUDGET_GROWTH = 2

# A route that hangs costs its whole bound, which is therefore short here.
_COLLECTORS = {
    "version": {"timeout": "50ms"},
    "ps": {"timeout": "50ms"},
    "tags": {"timeout": "50ms", **TAGS_ALWAYS["tags"]},
}


@dataclass(frozen=True, slots=True)
class Phase:
    """So many scrapes of an Ollama in a mood (None: it is down), and a line that the last page must then have."""

    mood: Mood | None
    scrapes: int
    shown: str


# A thousand scrapes. The last are good ones: what is counted then is what a healthy exporter holds.
CYCLE = (
    Phase("well", 400, 'llama_metrics_collector_success{collector="tags"} 1.0'),
    Phase("broken", 100, 'llama_metrics_collector_success{collector="ps"} 0.0'),
    Phase("hanging", 30, 'llama_metrics_collector_timeout{collector="ps"} 1.0'),
    Phase("cut", 50, 'llama_metrics_collector_success{collector="ps"} 0.0'),
    Phase(None, 150, "ollama_up 0.0"),
    Phase("well", 270, 'llama_metrics_collector_success{collector="tags"} 1.0'),
)


def measure(folder: Path) -> Iterator[Row]:
    """Memory, threads and descriptors over 10,000 scrapes, after 1,000 to warm up."""
    floor = imports.alone()[1]
    (folder / "server.log").touch()
    machine = {
        "log": {"source": "file", "path": str(folder / "server.log")},
        "powermetrics": {"command": list(powermetrics.command(folder))},
        "probe": {"enabled": True},
        "process": {},
        "runner": {},
        "host": {},
    }
    warm, after = held(folder, CYCLE, CYCLE * _CYCLES, machine)
    resident = max(warm.resident, after.resident)
    detail = f"{resident / _MB:.1f} MB - {floor / _MB:.1f} MB for the imports alone"
    what = "resident memory above the imports, all collectors that run on this system"
    yield Row(what, (resident - floor) / _MB, _BUDGET_RESIDENT, "MB", detail)
    over = f"over {_CYCLES * sum(phase.scrapes for phase in CYCLE):,} scrapes"
    detail = f"{warm.resident / _MB:.1f} -> {after.resident / _MB:.1f} MB; Ollama failed in a third of them"
    yield Row(f"memory grown {over}", (after.resident - warm.resident) / _MB, _BUDGET_GROWTH, "MB", detail)
    detail = f"{warm.threads} -> {after.threads}"
    yield Row(f"threads grown {over}", after.threads - warm.threads, 0, "", detail)
    detail = f"{warm.descriptors} -> {after.descriptors}"
    yield Row(f"descriptors grown {over}", after.descriptors - warm.descriptors, 0, "", detail)


def held(
    folder: Path, warm_up: Iterable[Phase], phases: Iterable[Phase], machine: Mapping[str, Any] = {}
) -> tuple[Held, Held]:
    """What the exporter holds before and after `phases`; `machine` configures the collectors of the machine."""
    port = free_port()
    with Exporter(f"http://127.0.0.1:{port}", folder, {**_COLLECTORS, **machine}) as exporter:
        for phase in warm_up:
            _run(exporter, port, phase)
        before = exporter.held()
        for phase in phases:
            _run(exporter, port, phase)
        return before, exporter.held()


def _run(exporter: Exporter, port: int, phase: Phase) -> None:
    with ExitStack() as stack:
        if phase.mood:
            stack.enter_context(Upstream(phase.mood, port))
        for _ in range(phase.scrapes - 1):
            exporter.scrape()
        if phase.shown not in exporter.page():
            raise RuntimeError(f"Ollama was {phase.mood or 'down'}, but the page lacks {phase.shown}")
