"""What the rules read of Prometheus and Alertmanager is there, with those labels, in a real one of each."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.rules.conventions import DEAD_MANS_SWITCH
from tests.rules.pack import FOLDER, RULES, Rule
from tests.rules.promql import TARGET_LABELS, selectors
from tests.rules.watchers import PAGES, WATCHERS
from tools.binaries import Binaries
from tools.stack import Alertmanager, Prometheus

_RECEIVER = "{route: {receiver: nobody}, receivers: [{name: nobody}]}"


@pytest.fixture(scope="module")
def prometheus(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A real Prometheus that scrapes itself and its Alertmanager, and has sent that its first alert."""
    folder = tmp_path_factory.mktemp("watchers")
    routes, targets = folder / "alertmanager.yml", folder / "targets.json"
    routes.write_text(_RECEIVER)
    with Alertmanager(binaries, routes, folder / "alertmanager") as alertmanager:
        address = alertmanager.url.removeprefix("http://")
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(FOLDER / "meta.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [address]}]}]},
            "scrape_configs": [
                {"job_name": "watchers", "sample_limit": 10000, "file_sd_configs": [{"files": [str(targets)]}]}
            ],
        }
        real = Prometheus(
            binaries,
            config,
            folder / "prometheus",
            resend_delay="1s",
            arguments=["--enable-feature=extra-scrape-metrics"],
        )
        # Its own address is known only now.
        targets.write_text(json.dumps([{"targets": [real.url.removeprefix("http://"), address]}]))
        with real:
            real.wait_for("prometheus_notifications_sent_total > 0 and on () alertmanager_notifications_total")
            yield real


@pytest.mark.parametrize("name", WATCHERS)
def test_what_is_read_of_the_watchers_is_there(prometheus: Prometheus, name: str) -> None:
    """With a sample from the start, before anything failed, and with the labels that the rules count on."""
    found = prometheus.query(name)

    assert found
    for series in found:
        assert set(series["metric"]) - {"__name__"} == TARGET_LABELS | set(WATCHERS[name])


def test_every_one_of_them_is_read() -> None:
    """The list holds what is needed: a name that nothing reads any more would be believed for ever."""
    assert set(WATCHERS) <= {name for rule in RULES for name in _read(rule)}


def test_only_meta_reads_their_pages() -> None:
    """Who leaves meta.yml out needs neither of the two to be scraped."""
    assert {rule.file for rule in RULES if not _read(rule).isdisjoint(PAGES)} == {"meta.yml"}


def test_where_all_is_well_nothing_fires_but_the_dead_mans_switch(prometheus: Prometheus) -> None:
    """On what a real Prometheus and a real Alertmanager say of themselves."""
    meta = [rule for rule in RULES if rule.file in ("meta.yml", "targets.yml")]

    assert [rule.name for rule in meta if prometheus.query(rule.expr)] == [DEAD_MANS_SWITCH]


def _read(rule: Rule) -> set[str]:
    return {selector.name or "" for selector in selectors(rule.parsed())}
