"""Each alert has cases in which it fires, stays quiet and resolves, and each case is about what exists.

promtool passes a case of an alert that does not exist, or one fed with a series that nothing exposes.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from promql_parser import AggregateExpr, BinaryExpr, Expr

from llama_metrics.catalogue import catalogue
from tests.rules.cases import CASES, OUTCOMES, Case, cases_of
from tests.rules.conventions import DEAD_MANS_SWITCH
from tests.rules.pack import ALERTS, RULES, Rule
from tests.rules.promql import THRESHOLD, Schema, needed, nodes, selectors, threshold_labels
from tests.rules.thresholds import settings, thresholds

# Alerts that need not have a case of each kind, with the reason: {alert: {outcome: reason}}.
_ALWAYS = "it always fires: that it does not arrive is the news"
EXEMPT: dict[str, dict[str, str]] = {DEAD_MANS_SWITCH: {"quiet": _ALWAYS, "resolves": _ALWAYS}}
# What a label that is not there, or a number that was not made readable, leaves in a text.
UNREADABLE = re.compile(r"<no value>|\bNaN\b|\bInf\b|  |\( | [.,;)]|\d\.\d{4}|\de[+-]\d")
SCHEMA = Schema.of(catalogue(), RULES)
SERIES = SCHEMA.series
# A label from outside: where a series came from, or which of two Prometheus servers has it.
EXTERNAL_LABELS = {"site", "replica"}


@pytest.mark.parametrize("alert", ALERTS, ids=str)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_alert_has_a_case_of_each_kind(alert: Rule, outcome: str) -> None:
    """It is shown to fire, to stay quiet and to resolve."""
    shown = any(case.rule == alert.name and case.outcome == outcome for case in CASES)
    assert shown != (outcome in EXEMPT.get(alert.name, {}))


@pytest.mark.parametrize("alert", ALERTS, ids=str)
def test_an_alert_has_a_case_without_data(alert: Rule) -> None:
    """What cannot be known is no reason to wake anybody."""
    quiet = any(case.rule == alert.name and "no data" in case.reason and case.outcome == "quiet" for case in CASES)
    assert quiet != ("quiet" in EXEMPT.get(alert.name, {}))


def _joins(node: Expr) -> bool:
    """Whether series meet series in it, other than a threshold's, which has no labels."""
    if not isinstance(node, BinaryExpr):
        return False
    sides = [{selector.name or "" for selector in selectors(side)} for side in (node.lhs, node.rhs)]
    return all(any(not name.startswith(THRESHOLD) for name in names) for names in sides)


@pytest.mark.parametrize("alert", ALERTS, ids=str)
def test_an_alert_that_joins_or_aggregates_keeps_two_sites_apart(alert: Rule) -> None:
    """Where series meet there is a case of two sites of equal job and instance, told apart by an external label."""
    expressions = [rule.parsed() for rule in RULES if rule.name in needed(alert, RULES)]
    inside = [node for expression in expressions for node in nodes(expression)]
    cases = [case for case in CASES if case.rule == alert.name and "two sites" in case.reason]
    for case in cases:
        sites = {
            (one.name, matcher.value) for one in case.fed for matcher in one.matchers.matchers if matcher.name == "site"
        }
        assert len(sites) > len({name for name, _ in sites}), f"{case}: no series is there for both sites"
    assert cases or not any(_joins(node) or isinstance(node, AggregateExpr) for node in inside)


@pytest.mark.parametrize("alert", [alert for alert in ALERTS if THRESHOLD in alert.expr], ids=str)
def test_a_threshold_is_shown_to_be_overridden_twice(alert: Rule) -> None:
    """Two Prometheus servers behind one give the series twice: the alert must live on."""
    for name in {*dict(thresholds(alert.parsed())), *settings(alert.parsed())}:
        fed = [[one.name for one in case.fed] for case in CASES if case.rule == alert.name]
        assert any(names.count(THRESHOLD + name) == 2 for names in fed)


def test_a_case_is_named_once() -> None:
    """A report of promtool names the case; two of one name cannot be told apart."""
    assert [name for name, count in Counter(map(str, CASES)).items() if count > 1] == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_proves_what_its_name_says(case: Case) -> None:
    """`fires` expects an alert, `quiet` never one, `resolves` first one and at last none, `records` a sample."""
    assert case.mistakes() == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_asks_for_alerts_and_feeds_series_that_exist(case: Case) -> None:
    """Names of alerts, of series and of labels: none of them is checked by promtool."""
    assert {entry["alertname"] for entry in case.raw.get("alert_rule_test", ())} <= {alert.name for alert in ALERTS}
    assert case.read <= set(SERIES)
    for series in case.fed:
        name = series.name or ""
        known = threshold_labels(name) if name.startswith(THRESHOLD) else SERIES[name]
        if name == "ALERTS":
            known |= SCHEMA.of_alert(next(one.value for one in series.matchers.matchers if one.name == "alertname"))
        given = {matcher.name for matcher in series.matchers.matchers} - EXTERNAL_LABELS
        # An alert about a job as a whole has no instance.
        assert given == known or (name == "ALERTS" and given == known - {"instance"}), str(series)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_expected_text_can_be_read(case: Case) -> None:
    """promtool compares texts as a whole, and takes also what an absent label or a bare number makes of them."""
    alerts = [alert for entry in case.raw.get("alert_rule_test", ()) for alert in entry["exp_alerts"]]
    for text in [text for alert in alerts for text in alert["exp_annotations"].values()]:
        assert not UNREADABLE.search(text), text


@pytest.mark.parametrize(
    "text", ["on  (job ollama)", "on .", "( left)", "NaN left", "+Inf left", "1.2345678% left", "1e+06 B"]
)
def test_a_text_that_cannot_be_read_is_noticed(text: str) -> None:
    """An empty label, an impossible number, more digits than anybody needs."""
    assert UNREADABLE.search(text)


def test_a_case_that_proves_something_else_is_noticed() -> None:
    """The check of names against expectations can fail, for each kind."""
    fires = next(case for case in CASES if case.outcome == "fires")
    quiet = next(case for case in CASES if case.outcome == "quiet")
    assert replace(fires, outcome="quiet").mistakes()
    assert replace(fires, rule="OllamaNotThere").mistakes()
    assert replace(quiet, outcome="fires").mistakes()
    assert replace(quiet, outcome="resolves").mistakes()
    assert replace(fires, outcome="records").mistakes()
    with pytest.raises(ValueError, match="is not"):
        cases_of("x.test.yml", "{evaluation_interval: 1m, tests: [{name: OllamaDown works, alert_rule_test: []}]}")
