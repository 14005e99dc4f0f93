"""The rules keep the conventions, and each convention notices what breaks it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest
import yaml

from tests.rules.conventions import (
    DEAD_MANS_SWITCH,
    JOB_WIDE,
    alert_mistakes,
    expression_mistakes,
    file_mistakes,
    record_mistakes,
    slow_records,
)
from tests.rules.pack import ALERTS, FILES, RULES, Rule, groups
from tests.rules.thresholds import thresholds

SLOW = slow_records(RULES)
BY_NAME = {rule.name: rule for rule in RULES}
DOWN = BY_NAME["OllamaDown"]
SEEN = BY_NAME["instance:ollama_up:last10m"]
BUCKET = 'x_bucket and on (le) (ollama:threshold:x_bucket or on () label_replace(vector(1), "le", "10.0", "", ""))'


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_an_expression_keeps_the_conventions(rule: Rule) -> None:
    """No job, no merged sites, thresholds in their form, long ranges over records only."""
    assert list(expression_mistakes(rule, SLOW)) == []


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        ('ollama_up{job="ollama"} == 0', "names no job"),
        ('ollama_up{instance="a"} == 0', "names no instance"),
        ("sum(ollama_models)", "merges every host"),
        ("sum by (job, instance) (ollama_models)", "merges sites"),
        ("sum by (instance) (ollama_models)", "merges sites"),
        ("sum by (job) (ollama_models)", "merges sites"),
        ("ollama_models and on (job, instance) ollama_up", "merges sites"),
        ("ollama_models and on (instance) ollama_up", "merges sites"),
        ("ollama_models > scalar(ollama:threshold:x_models)", "alert is dead"),
        ("ollama_models > on () group_left () ollama:threshold:x_models", "a threshold is"),
        ("ollama_models > on () group_left () (ollama:threshold:x_models or vector(3))", "a threshold is"),
        ("ollama_models > on () group_left () max(ollama:threshold:x_models)", "a threshold is"),
        ("ollama_models > on () group_left () (max(ollama:threshold:x_models) or ollama_up)", "a threshold is"),
        ("ollama_models and on () (max(ollama:threshold:x_models) or vector(3))", "a threshold is"),
        ("x_bucket and on (le) ollama:threshold:x_bucket", "a threshold is"),
        ("x_bucket and on (le) (ollama:threshold:x_bucket or on () vector(1))", "a threshold is"),
        (BUCKET.replace("or on ()", "or"), "a threshold is"),
        (BUCKET.replace("10.0", "10"), "a threshold is"),
        (BUCKET.replace("on (le)", "on (le, job)"), "merges sites"),
        (BUCKET.replace("and on", "unless on"), "merges sites"),
        ("max_over_time(ollama_models[7h]) > 1", "over 6 h"),
        ("max_over_time(instance:ollama_loaded_models_appeared:count30s[1d]) > 1", "over 6 h"),
        ("max_over_time(ollama_models[10m:1m]) > 1", "subquery"),
        ('x_seconds_bucket{le="1"} > 0', "le as a float"),
        ('x_seconds_bucket{le=~"0.5|10"} > 0', "le as a float"),
        ("rate(ollama_models[5m]) > 0", "for counters"),
    ],
)
def test_an_expression_that_breaks_a_convention_is_noticed(expr: str, says: str) -> None:
    """Each convention of expressions has a rule that it refuses."""
    found = list(expression_mistakes(replace(DOWN, expr=expr), SLOW))
    assert any(says in mistake for mistake in found), found


@pytest.mark.parametrize(
    "expr",
    [
        "ollama_models > on () group_left () (max(ollama:threshold:x_models) or vector(3))",
        "max_over_time(ollama_models[6h]) > 1",
        "max_over_time(instance:ollama_up:last10m[30d]) > 1",
        'x_seconds_bucket{le="1.0"} > 0',
        "increase(x_total[5m]) > 0",
        "increase(x_seconds_count[5m]) > 0",
        BUCKET,
    ],
)
def test_the_right_form_is_not_refused(expr: str) -> None:
    """The forms that the conventions ask for pass them."""
    assert list(expression_mistakes(replace(DOWN, expr=expr), SLOW)) == []


def test_only_alerts_about_a_job_match_by_job() -> None:
    """The exemptions from `by (job)` name alerts that exist and need it."""
    for name in JOB_WIDE:
        assert list(expression_mistakes(replace(BY_NAME[name], name="OllamaOther"), SLOW)), name


@pytest.mark.parametrize("alert", ALERTS, ids=str)
def test_an_alert_keeps_the_conventions(alert: Rule) -> None:
    """Name, severity, category, summary, description with the first step, runbook."""
    assert list(alert_mistakes(alert)) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "OllamaModelOnCPU"}, "CamelCase"),
        ({"name": "ModelOnCpu"}, "CamelCase"),
        ({"name": "Ollama" + "Down" * 9}, "CamelCase"),
        ({"labels": {"severity": "critical"}}, "the labels are"),
        ({"labels": {"severity": "page", "category": "availability"}}, "severity is"),
        ({"labels": {"severity": "none", "category": "availability"}}, "severity is"),
        ({"name": DEAD_MANS_SWITCH}, "severity is"),
        ({"labels": {"severity": "critical", "category": "other"}}, "category is"),
        ({"keep": timedelta(minutes=6)}, "keeps firing"),
        ({"annotations": {"summary": "Ollama is down."}}, "annotations are"),
        ({"annotations": {**DOWN.annotations, "summary": "{{ $labels.instance }} is down."}}, "one sentence"),
        ({"annotations": {**DOWN.annotations, "summary": "Ollama is down"}}, "one sentence"),
        ({"annotations": {**DOWN.annotations, "summary": "Ollama is down. Look."}}, "one sentence"),
        ({"annotations": {**DOWN.annotations, "description": "Down. First look."}}, "template"),
        ({"annotations": {**DOWN.annotations, "description": "{{ $labels.instance }} is down."}}, "first step"),
        ({"annotations": {**DOWN.annotations, "runbook_url": "https://example.org/#ollamadown"}}, "runbook"),
    ],
)
def test_an_alert_that_breaks_a_convention_is_noticed(change: dict[str, object], says: str) -> None:
    """Each convention of alerts has an alert that it refuses."""
    found = list(alert_mistakes(replace(DOWN, **change)))  # type: ignore[arg-type]
    assert any(says in mistake for mistake in found), found


@pytest.mark.parametrize("record", [rule for rule in RULES if not rule.is_alert], ids=str)
def test_a_record_keeps_the_conventions(record: Rule) -> None:
    """level:metric:operations in letters that every Prometheus takes, and no labels of its own."""
    assert list(record_mistakes(record)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": "instance:ollama_up"},
        {"name": "instance:ollama-up:last10m"},
        {"name": "ollama:threshold:x_models"},
        {"labels": {"window": "10m"}},
    ],
)
def test_a_record_that_breaks_a_convention_is_noticed(change: dict[str, object]) -> None:
    """A threshold series, above all, comes from a user's own file only."""
    assert list(record_mistakes(replace(SEEN, **change)))  # type: ignore[arg-type]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_keeps_the_conventions(file: object) -> None:
    """Small groups, records before alerts, alerts by category, nothing from another file."""
    assert list(file_mistakes([rule for rule in RULES if rule.file == getattr(file, "name", "")])) == []


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([DOWN] * 21, "at most 20"),
        ([replace(DOWN, group="g" * 41)], "at most 40"),
        ([DOWN, SEEN], "recording rules come first"),
        ([BY_NAME["OllamaApiFailing"], DOWN], "in the order"),
        ([BY_NAME["OllamaTargetAbsent"]], "works alone"),
    ],
)
def test_a_file_that_breaks_a_convention_is_noticed(rules: list[Rule], says: str) -> None:
    """Each convention of files has a file that it refuses."""
    found = list(file_mistakes(rules))
    assert any(says in mistake for mistake in found), found


def test_names_are_given_once() -> None:
    """Two groups or rules of one name hide each other on Prometheus' pages and in a runbook."""
    named = [rule.name for rule in RULES]
    named += [group["name"] for file in FILES for group in groups(file.read_text())]
    assert [name for name, count in Counter(named).items() if count > 1] == []


def test_groups_have_no_keys_that_old_versions_refuse() -> None:
    """A group has a name, its rules and perhaps an interval: `labels` and `limit` are newer than the floor."""
    for file in FILES:
        assert set(yaml.safe_load(file.read_text())) == {"groups"}
        for group in groups(file.read_text()):
            assert set(group) <= {"name", "interval", "rules"}, group["name"]


def test_a_threshold_has_one_default() -> None:
    """The same override series means the same number everywhere."""
    defaults = defaultdict(set)
    for rule in RULES:
        for name, default in thresholds(rule.parsed()):
            defaults[name].add(default)
    assert {name: values for name, values in defaults.items() if len(values) > 1} == {}
