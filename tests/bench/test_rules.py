"""The fleet with which the rules are measured is complete, and well."""

from __future__ import annotations

from pathlib import Path

from tests.bench import fleet
from tests.bench.rules import ARGUMENTS, fill
from tests.rules.conventions import DEAD_MANS_SWITCH
from tests.rules.pack import RULES
from tests.rules.promql import THRESHOLD, selectors
from tests.rules.watchers import WATCHERS
from tools.binaries import Binaries
from tools.stack import Prometheus

# A Mac and two others.
_HOSTS = 3


def _fed() -> list[fleet.Series]:
    return [*fleet.of_host("mac", mac=True), *fleet.of_host("linux", mac=False), *fleet.of_job()]


def test_every_series_that_a_rule_reads_is_fed() -> None:
    """A rule that finds nothing costs nothing. Nobody has an AMD card here, and nobody has set a threshold."""
    read = {selector.name or THRESHOLD for rule in RULES for selector in selectors(rule.parsed())}
    missing = read - {series.labels["__name__"] for series in _fed()}

    assert {name for name in missing - set(WATCHERS) if not name.startswith(("amd_", THRESHOLD))} == set()


def test_a_fleet_that_is_well_has_every_rule_evaluated_and_none_of_them_firing(
    binaries: Binaries, tmp_path: Path
) -> None:
    """In a real Prometheus. What fires costs more, and is not what the budget is about."""
    with Prometheus(binaries, {}, tmp_path, arguments=ARGUMENTS) as prometheus:
        fill(prometheus.url, _HOSTS)
        found = {rule.name: prometheus.query(rule.expr) for rule in RULES}
        up = prometheus.query("count without (instance) (ollama_up)")

    assert [series["value"][1] for series in up] == [str(_HOSTS)]
    assert {rule.name for rule in RULES if rule.is_alert and found[rule.name]} == {DEAD_MANS_SWITCH}
