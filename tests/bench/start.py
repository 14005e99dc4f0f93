"""How long until the first page, beside the imports alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench import imports
from tests.bench.exporter import Exporter
from tests.bench.table import Row
from tests.bench.upstream import Upstream

_ROUNDS = 9
_BUDGET = 2.5


def measure(folder: Path) -> Iterator[Row]:
    """Start to first scrape answered."""
    floors, starts = [], []
    with Upstream() as ollama:
        for _ in range(_ROUNDS):
            floors.append(imports.alone()[0])
            began = time.perf_counter()
            with Exporter(ollama.url, folder) as exporter:
                exporter.scrape()
                starts.append(time.perf_counter() - began)
    floor, start = median(floors), median(starts)
    detail = f"{start * 1e3:.0f} ms / {floor * 1e3:.0f} ms for the imports alone, medians of {_ROUNDS}"
    yield Row("start to first scrape answered", start / floor, _BUDGET, "x", detail)
