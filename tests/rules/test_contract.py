"""The rules read only what the exporter exposes, and their texts use only labels that are there."""

from __future__ import annotations

import re

import pytest
from promql_parser import parse

from llama_metrics.catalogue import catalogue
from llama_metrics.metrics import Histogram
from tests.rules.pack import ALERTS, RULES, Rule
from tests.rules.promql import Mistake, Schema, selectors
from tests.rules.thresholds import thresholds

SCHEMA = Schema.of(catalogue(), RULES)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_rule_reads_only_series_and_labels_that_exist(rule: Rule) -> None:
    """Names, matchers, clauses: from the catalogue, or from a record; and both sides of a join can match."""
    assert SCHEMA.labels(rule.parsed()) is not None


@pytest.mark.parametrize("alert", ALERTS, ids=str)
def test_a_text_uses_only_labels_that_the_alert_has(alert: Rule) -> None:
    """`{{ $labels.x }}` of a label that was aggregated away prints nothing."""
    labels = SCHEMA.labels(alert.parsed()) or frozenset()
    for text in alert.annotations.values():
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels


@pytest.mark.parametrize(
    "alert",
    [alert for alert in ALERTS if any(name.endswith("_bucket") for name, _ in thresholds(alert.parsed()))],
    ids=str,
)
def test_a_chosen_bucket_is_one_of_the_histogram(alert: Rule) -> None:
    """A bound that it does not have matches nothing, and the alert is silent for ever."""
    read = {selector.name or "" for selector in selectors(alert.parsed())}
    bounds = {
        bound
        for metric in catalogue()
        if isinstance(metric, Histogram) and f"{metric.name}_bucket" in read
        for bound in metric.bounds
    }
    assert {bound for name, bound in thresholds(alert.parsed()) if name.endswith("_bucket")} <= bounds


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        ("ollama_upp == 0", "ollama_upp"),
        ("ollama_gpu_count > 0", "ollama_gpu_count"),
        ('{__name__=~"ollama_.+"} > 0', "neither"),
        ("ollama_build_info_bucket > 0", "ollama_build_info_bucket"),
        ('label_replace(ollama_up, "le", "1.0", "", "") > ollama_up', "never matches"),
        ("instance:ollama_up:last9m == 0", "last9m"),
        ('ollama_up{model="x"} == 0', "no label model"),
        ("max without (model) (ollama_up)", "no label model"),
        ("count by (job, digest) (ollama_build_info)", "no label digest"),
        ("ollama_models and ignoring (model) ollama_up", "no label model"),
        ("ollama_models and on (model) ollama_up", "no label model"),
        ("up == 0 and llama_metrics_build_info", "never matches"),
        ("ollama_model_size_bytes > ollama_models", "never matches"),
        ("ollama_model_size_bytes and ignoring (model) ollama_model_info", "never matches"),
        ("sum_over_time(ollama_up[10m:1m]) > 1", "not judged"),
    ],
)
def test_a_rule_that_reads_what_does_not_exist_is_noticed(expr: str, says: str) -> None:
    """promtool takes all of these, and none of them would ever fire."""
    with pytest.raises(Mistake, match=says):
        SCHEMA.labels(parse(expr))


@pytest.mark.parametrize(
    ("expr", "labels"),
    [
        ("ollama_up", {"job", "instance"}),
        ("count by (job) (ollama_build_info)", {"job"}),
        ("max without (model) (ollama_model_size_bytes)", {"job", "instance"}),
        ("max(ollama_up)", set()),
        ('count_values without (job) ("up", ollama_up)', {"instance", "up"}),
        ('count by (__name__) ({__name__=~"ollama:threshold:.+"})', {"__name__"}),
        ("ollama_model_size_bytes > on () group_left () (max(ollama:threshold:x_bytes) or vector(1))",
         {"job", "instance", "model"}),
        ("ollama_model_size_bytes * ignoring (model) ollama_models", {"job", "instance"}),
        ("ollama_model_size_bytes and ignoring (model) ollama_models", {"job", "instance", "model"}),
        ("ollama_models or ignoring (model) ollama_model_size_bytes", {"job", "instance"}),
        ("1 < ollama_models", {"job", "instance"}),
        ('label_replace(vector(1), "le", "1.0", "", "")', {"le"}),
        ('ollama_models * on () group_left () label_replace(vector(1), "x", "1", "", "")', {"job", "instance"}),
    ],
)  # fmt: skip
def test_the_labels_of_a_result_are_told(expr: str, labels: set[str]) -> None:
    """What is left after aggregations and joins, as Prometheus would leave it."""
    assert set(SCHEMA.labels(parse(expr)) or ()) == labels
