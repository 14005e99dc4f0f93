"""Scrapes leave nothing behind, whatever Ollama did meanwhile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.bench.leaks import CYCLE, held


def test_a_thousand_scrapes_leak_no_thread_and_no_descriptor(tmp_path: Path) -> None:
    """After 500s, cut answers, timeouts, a death and a return, the process holds what it held before."""
    before, after = held(tmp_path, [replace(phase, scrapes=5) for phase in CYCLE], CYCLE)
    assert (after.threads, after.descriptors) == (before.threads, before.descriptors)
    assert sum(phase.scrapes for phase in CYCLE) == 1000
