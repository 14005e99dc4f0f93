"""A machine in, page out: each page is compared with its golden file, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics import exposition
from llama_metrics.collectors.host.collector import HOST
from llama_metrics.collectors.host.models import FileSystem
from llama_metrics.collectors.host.source import Reading, steady
from tests.golden.test_pages import GOLDEN, check_metrics
from tools.binaries import Binaries

_GIB = 2**30
_BUSY = {"user": 6706.62, "nice": 3.49, "system": 1493.84, "idle": 39800.5, "iowait": 101.05, "irq": 0.0}
_LINUX = _BUSY | {"softirq": 89.57, "steal": 12.17, "guest": 40.0, "guest_nice": 0.0}
_MACOS = {"user": 90210.5, "nice": 0.0, "system": 45012.25, "idle": 901234.75}
READINGS = {
    "linux": Reading(32 * _GIB, 20 * _GIB, 0, 0, 1.79e9, steady({}, _LINUX), FileSystem(1000 * _GIB, 250 * _GIB)),
    # Nobody can tell which of two users' models are meant.
    "macos": Reading(16 * _GIB, 5 * _GIB, 3 * _GIB, 2 * _GIB, 1.79e9, steady({}, _MACOS), None),
}


def golden_file(name: str) -> Path:
    """Where the page of a machine is kept."""
    return GOLDEN / f"hand-made__host.{name}.metrics"


@pytest.mark.parametrize("name", READINGS)
def test_a_machine_gives_its_golden_page(name: str, update_golden: bool, binaries: Binaries) -> None:
    """Each machine gives the page beside it, which promtool finds nothing wrong with."""
    page = exposition.render(HOST.render(READINGS[name]), exposition.TEXT).decode()
    file = golden_file(name)
    if update_golden:
        file.write_text(page)

    assert page == file.read_text()
    check_metrics(page, binaries)


def test_no_golden_page_of_a_machine_is_stale() -> None:
    """Every golden page of a machine belongs to a reading."""
    assert {golden_file(name) for name in READINGS} == set(GOLDEN.glob("*__host.*.metrics"))
