"""A Mac's tools in, page out: each page is compared with its golden file, to the letter."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from llama_metrics import exposition
from llama_metrics.collector import Context, Target
from llama_metrics.collectors.macos.collector import MACOS, MacosOptions
from llama_metrics.duration import Duration
from llama_metrics.scrape import Scraper
from tests.golden.test_pages import GOLDEN, check_metrics
from tests.support.exporter import quiet
from tests.support.fake_mac import MACS, FakeMac
from tools.binaries import Binaries

NAMES = sorted(folder.name for folder in MACS.iterdir() if folder.is_dir())


def golden_file(mac: str) -> Path:
    """Where the page of a Mac is kept."""
    return GOLDEN / f"{MACS.name}__macos.{mac}.metrics"


@pytest.mark.parametrize("mac", NAMES)
def test_a_mac_gives_its_golden_page(mac: str, tmp_path: Path, update_golden: bool, binaries: Binaries) -> None:
    """Each Mac gives the page beside it, which promtool finds nothing wrong with."""
    machine = FakeMac(tmp_path, mac).machine()
    context = Context(Target(name="default", url="http://127.0.0.1:9"), machine, time.time, time.monotonic)
    # Far more than the default: on a busy machine even cat may be late.
    scraper = Scraper([(MACOS, MacosOptions(timeout=Duration(30.0)))], context, quiet())
    scraper.open()
    page = exposition.render(scraper.collect(), exposition.TEXT).decode()
    scraper.stop(0)
    page = re.sub(r"(llama_metrics_collector_duration_seconds\{.*\}) .*", r"\1 0.0", page)
    file = golden_file(mac)
    if update_golden:
        file.write_text(page)

    assert page == file.read_text()
    check_metrics(page, binaries)


def test_no_golden_page_of_a_mac_is_stale() -> None:
    """Every golden page of a Mac belongs to one."""
    assert {golden_file(mac) for mac in NAMES} == set(GOLDEN.glob("*__macos.*.metrics"))
