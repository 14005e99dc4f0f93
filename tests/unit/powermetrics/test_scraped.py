"""The collector as the scraper runs it: what stands on the page when all is well, and when it is not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llama_metrics import exposition
from llama_metrics.collectors.powermetrics.collector import POWERMETRICS
from llama_metrics.collectors.powermetrics.options import PowermetricsOptions
from llama_metrics.scrape import CannotOpen, Scraper
from tests.support.collectors import context
from tests.support.exporter import quiet, samples
from tests.support.fake_powermetrics import FIXTURES, FakePowermetrics
from tests.support.waiting import until


@contextmanager
def scraping(options: PowermetricsOptions, logger: logging.Logger | None = None) -> Iterator[Scraper]:
    """A scraper of powermetrics alone."""
    scraper = Scraper([(POWERMETRICS, options)], context(), logger or quiet())
    scraper.open()
    try:
        yield scraper
    finally:
        scraper.stop(0)


def page(scraper: Scraper) -> str:
    """What Prometheus gets."""
    return exposition.render(scraper.collect(), exposition.TEXT).decode()


def test_what_is_printed_stands_on_the_page(tmp_path: Path) -> None:
    """With what was dropped counted under both names."""
    fake = FakePowermetrics(tmp_path)
    with scraping(PowermetricsOptions(command=(fake.program, "-i", "60000"))) as scraper:
        before = page(scraper)
        fake.write((FIXTURES / "m1_macos27_cpu_at_zero.plist").read_bytes())
        text = until(lambda: one if samples(one := page(scraper), "powermetrics_power_watts") else None)

    assert samples(before, "powermetrics_samples_total") == {"": 0}
    assert samples(text, "powermetrics_power_watts") == {'{rail="gpu"}': 8, '{rail="ane"}': 0}
    assert samples(text, "powermetrics_implausible_readings_total") == {"": 1}
    for text_of, rejected in ((before, 0), (text, 1)):
        assert samples(text_of, "llama_metrics_rejected_readings_total") == {'{collector="powermetrics"}': rejected}
        assert samples(text_of, "llama_metrics_collector_success") == {'{collector="powermetrics"}': 1}
    assert samples(before, "llama_metrics_background_last_success_timestamp_seconds") == {}
    assert len(samples(text, "llama_metrics_background_last_success_timestamp_seconds")) == 1


def test_one_that_fails_has_no_families(tmp_path: Path) -> None:
    """Its health says so."""
    fake = FakePowermetrics(tmp_path)
    fake.complain("sudo: a password is required\n")
    fake.exit(1)
    with scraping(PowermetricsOptions(command=(fake.program,))) as scraper:
        text = until(lambda: one if "powermetrics_samples" not in (one := page(scraper)) else None)

    assert samples(text, "llama_metrics_collector_success") == {'{collector="powermetrics"}': 0}
    assert "\npowermetrics_" not in text


def test_where_there_is_none_it_is_left_out(tmp_path: Path) -> None:
    """Unless it was asked for: then the exporter does not start."""
    command = (str(tmp_path / "none"),)
    with scraping(PowermetricsOptions(command=command)) as scraper:
        assert scraper.names == ()
    with pytest.raises(CannotOpen, match=r"collector powermetrics is enabled, but: .*none is not installed here"):
        scraping(PowermetricsOptions(command=command, enabled=True)).__enter__()
