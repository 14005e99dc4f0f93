"""How long a scrape takes, beside the slowest GET that it has to wait for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import requests

from tests.bench.exporter import TAGS_ALWAYS, Exporter
from tests.bench.table import Row
from tests.bench.upstream import DELAYS, Upstream

_ROUNDS = 15
_BUDGET = 1.3


def measure(folder: Path) -> Iterator[Row]:
    """A scrape's wall time, where the three routes answer after 20, 100 and 200 ms."""
    slowest = max(DELAYS, key=DELAYS.__getitem__)
    gets, scrapes = [], []
    with (
        Upstream("late") as ollama,
        Exporter(ollama.url, folder, TAGS_ALWAYS) as exporter,
        requests.Session() as session,
    ):
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            session.get(ollama.url + slowest, timeout=10).json()
            between = time.perf_counter()
            exporter.scrape()
            gets.append(between - began)
            scrapes.append(time.perf_counter() - between)
    if min(scrapes) < DELAYS[slowest]:
        raise RuntimeError(f"a scrape took {min(scrapes):.3f} s: it did not ask {slowest}, so this measures nothing")
    get, scrape = median(gets), median(scrapes)
    detail = f"{scrape * 1e3:.0f} ms / {get * 1e3:.0f} ms for GET {slowest} alone, medians of {_ROUNDS}"
    yield Row("wall time of a scrape", scrape / get, _BUDGET, "x", detail)
