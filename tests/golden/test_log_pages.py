"""Recorded log in, page out: each page is compared with its golden file, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics import exposition
from llama_metrics.collectors.log.follower import Reading
from llama_metrics.collectors.log.lines import Lines
from llama_metrics.collectors.log.render import render
from llama_metrics.collectors.log.tally import Tally
from tests.golden.test_pages import GOLDEN, check_metrics
from tests.support.fake_ollama import FIXTURES
from tools.binaries import Binaries

# One for each thing that a log can tell; tests/unit/log holds all of them against the truth.
LOGS = (
    *("0.24.0/logs/single_model.log", "0.24.0/logs/failed_load_memory.log"),
    *("0.33.0-rc2/logs/single_model.log", "0.33.0-rc2/logs/two_models.log", "0.33.0-rc2/logs/embed.log"),
    *("0.33.0-rc2/logs/truncation.log", "0.33.0-rc2/logs/killed_runner.log", "0.33.0-rc2/logs/queue_full.log"),
    *("0.33.0-rc2/logs/client_cancel.log", "0.33.0-rc2_newer-llama-server/logs/metrics_parallel.log"),
    *("hand-made/logs/gpu.log", "hand-made/logs/old_forms.log", "hand-made/logs/terminal_and_bare_timings.log"),
)


def golden_file(log: str) -> Path:
    """Where the page of a log is kept."""
    version, _, name = log.split("/")
    return GOLDEN / f"{version}__log.{name.removesuffix('.log')}.metrics"


@pytest.mark.parametrize("log", LOGS)
def test_a_log_gives_its_golden_page(log: str, update_golden: bool, binaries: Binaries) -> None:
    """Each log gives the page beside it, which promtool finds nothing wrong with."""
    lines, tally, text = Lines(), Tally(), (FIXTURES / log).read_bytes()
    parsed, failed = tally.feed(lines.parse(text))
    tally.exist(["installed:latest"], prints_costs=None)
    # Nobody is there to say whose blobs these are.
    tally.rename({model: "unknown" for model in tally.models() if model.startswith("sha256-")})
    ignored = text.count(b"\n") - parsed - failed
    reading = Reading(tuple(tally.families(tally.models())), parsed, ignored, failed, 1.75e9, 0, 0)
    page = exposition.render(render(reading), exposition.TEXT).decode()
    file = golden_file(log)
    if update_golden:
        file.write_text(page)

    assert page == file.read_text()
    check_metrics(page, binaries)


def test_no_golden_page_of_a_log_is_stale() -> None:
    """Every golden page of a log belongs to one."""
    assert {golden_file(log) for log in LOGS} == set(GOLDEN.glob("*__log.*.metrics"))
