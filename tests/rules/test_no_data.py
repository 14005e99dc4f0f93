"""What cannot be known is no reason to wake anybody."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from promql_parser import MatchOp, VectorSelector

from tests.rules import promtool
from tests.rules.cases import CASES, Case
from tests.rules.conventions import DEAD_MANS_SWITCH
from tests.rules.pack import ALERTS, FILES, RULES
from tests.rules.promql import needed, selectors

# Alerts that fire where nothing is scraped, each with its reason.
FIRES = {DEAD_MANS_SWITCH: "that is all it does"}
BY_NAME = {rule.name: rule for rule in RULES}


def test_nothing_fires_where_nothing_is_scraped(promtools: tuple[Path, ...], tmp_path: Path) -> None:
    """All rules at once, for longer than any `for`: an exporter that is not there, a Prometheus without targets."""
    asked = [{"eval_time": "60h", "alertname": alert.name, "exp_alerts": []} for alert in ALERTS]
    test = {"interval": "1h", "input_series": [], "alert_rule_test": asked}
    document = {"rule_files": list(map(str, FILES)), "evaluation_interval": "1h", "tests": [test]}
    file = tmp_path / "nothing.test.yml"
    file.write_text(json.dumps(document))
    for judge in promtools:
        (words,) = promtool.test(judge, [file])
        assert "err: " not in words, words
        assert set(re.findall(r"alertname: *(\w+)", words)) == set(FIRES), words


def _selects(selector: VectorSelector, series: VectorSelector) -> bool:
    labels = {matcher.name: matcher.value for matcher in series.matchers.matchers}
    for matcher in selector.matchers.matchers:
        value, negative = labels.get(matcher.name, ""), matcher.op in (MatchOp.NotEqual, MatchOp.NotRe)
        pattern = matcher.value if matcher.op in (MatchOp.Re, MatchOp.NotRe) else re.escape(matcher.value)
        if bool(re.fullmatch(pattern, value)) == negative:
            return False
    return selector.name == series.name


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.outcome == "quiet" and "no data" in case.reason], ids=str
)
def test_a_case_without_data_lacks_what_its_alert_reads(case: Case) -> None:
    """Something that the alert reads, itself or through records, is not fed, or ends, or has a gap."""
    rules = [BY_NAME[name] for name in needed(BY_NAME[case.rule], RULES)]
    read = [one for rule in rules for one in selectors(rule.parsed()) if ":" not in (one.name or "")]
    fed = list(zip(case.fed, (entry["values"] for entry in case.raw["input_series"]), strict=True))
    for selector in read:
        values = [samples for series, samples in fed if _selects(selector, series)]
        if not values or any(re.search("stale|_", samples) for samples in values):
            return
    pytest.fail("all that the alert reads is fed, and without a gap")
