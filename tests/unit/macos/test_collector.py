"""The macos collector among the others: where it is left out, and what a page shows of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from llama_metrics.collector import Context, Target
from llama_metrics.collectors.macos.collector import MACOS, MacosOptions
from llama_metrics.duration import Duration
from llama_metrics.scrape import CannotOpen, Scraper
from tests.support.collectors import values
from tests.support.exporter import quiet
from tests.support.fake_mac import FakeMac

# More than any tool that answers takes on a busy machine; less than anybody waits for one that hangs.
BOUND = 3.0


@pytest.fixture
def mac(tmp_path: Path) -> FakeMac:
    """One that tells everything there is to tell."""
    return FakeMac(tmp_path, "m2_ultra_under_pressure")


def context(mac: FakeMac, system: str) -> Context:
    """The Mac, or another system on it."""
    return Context(Target(name="default", url="http://127.0.0.1:9"), mac.machine(system), time.time, time.monotonic)


def test_it_is_left_out_elsewhere(mac: FakeMac) -> None:
    """On Linux it is not there unless it was asked for, and then the exporter does not start."""
    scraper = Scraper([(MACOS, MacosOptions())], context(mac, "Linux"), quiet())
    scraper.open()
    asked_for = Scraper([(MACOS, MacosOptions(enabled=True))], context(mac, "Linux"), quiet())

    assert scraper.names == ()
    with pytest.raises(CannotOpen, match="collector macos is enabled, but: this is Linux, not macOS"):
        asked_for.open()


def test_one_that_hangs_does_not_hold_up_the_page(mac: FakeMac) -> None:
    """The collector ends within its own bound and is well: it counts, the others are shown."""
    mac.script("ioreg", "sleep 600")
    scraper = Scraper([(MACOS, MacosOptions(timeout=Duration(BOUND)))], context(mac, "Darwin"), quiet())
    scraper.open()
    families = scraper.collect()
    scraper.stop(0)

    assert values(families, "llama_metrics_collector_success") == {"macos": 1}
    assert values(families, "llama_metrics_collector_timeout") == {"macos": 0}
    assert values(families, "llama_metrics_rejected_readings_total") == {"macos": 1}
    assert values(families, "macos_thermal_pressure")["heavy"] == 1
