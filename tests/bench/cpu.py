"""What a scrape costs in CPU, beside the least that Python could spend on it.

That floor is three GETs by requests with their JSON decoded, and 200 series as text by prometheus_client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median

import requests
from prometheus_client import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric as ClientMetric
from prometheus_client.registry import Collector

from tests.bench.exporter import TAGS_ALWAYS, Exporter
from tests.bench.table import Row
from tests.bench.upstream import Upstream

_ROUNDS = 8
_SCRAPES = 250
_FAMILIES, _SERIES = 10, 20
_BUDGET = 1.6


def measure(folder: Path) -> Iterator[Row]:
    """CPU of a scrape, as shipped and with every route asked."""
    for kind in ("shipped", "always"):
        (folder / kind).mkdir()
    with (
        Upstream() as ollama,
        Exporter(ollama.url, folder / "shipped") as shipped,
        Exporter(ollama.url, folder / "always", TAGS_ALWAYS) as always,
        requests.Session() as session,
    ):
        subjects: dict[str, tuple[Callable[[], object], Callable[[], float]]] = {
            "floor": (lambda: _floor(session, ollama.url), time.process_time),
            "shipped": (shipped.scrape, shipped.cpu),
            "always": (always.scrape, always.cpu),
        }
        # What runs only once (imports at first use, first connections) is no part of a scrape's cost.
        for work, clock in subjects.values():
            _seconds_each(work, clock)
        # Side by side in each round, so that a busy moment of the machine falls on all of them.
        rounds = [{name: _seconds_each(*subject) for name, subject in subjects.items()} for _ in range(_ROUNDS)]
    yield _row("CPU of a scrape as shipped (tags kept 60 s)", "shipped", rounds)
    yield _row("CPU of a scrape that asks all three routes", "always", rounds)


def _row(what: str, name: str, rounds: list[dict[str, float]]) -> Row:
    ratio = median(one[name] / one["floor"] for one in rounds)
    scrape, floor = (median(one[key] for one in rounds) * 1e3 for key in (name, "floor"))
    detail = f"{scrape:.2f} ms / {floor:.2f} ms for the floor, median ratio of {_ROUNDS} x {_SCRAPES}"
    return Row(what, ratio, _BUDGET, "x", detail)


def _seconds_each(work: Callable[[], object], clock: Callable[[], float]) -> float:
    before = clock()
    for _ in range(_SCRAPES):
        work()
    return (clock() - before) / _SCRAPES


def _floor(session: requests.Session, ollama: str) -> None:
    for route in ("version", "ps", "tags"):
        session.get(f"{ollama}/api/{route}", timeout=10).json()
    generate_latest(_Page())


class _Page(Collector):
    """200 series, of one label each."""

    def collect(self) -> Iterable[ClientMetric]:
        for number in range(_FAMILIES):
            family = GaugeMetricFamily(f"floor_family_{number}", "What it means, in a line.", labels=["model"])
            for series in range(_SERIES):
                family.add_metric([f"family-{series}:7b"], 4_700_000_000.0 + series)
            yield family
