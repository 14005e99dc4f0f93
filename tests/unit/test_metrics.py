"""Metrics and families refuse what would make a page wrong, where it is made."""

from __future__ import annotations

import math

import pytest

from llama_metrics.metrics import Family, Kind, Metric

SIZE = Metric("ollama_size_bytes", "gauge", "Size.", ("model",))


@pytest.mark.parametrize(
    ("name", "kind", "words", "labels", "why"),
    [
        ("ollamaSize", "gauge", "Size.", (), "lower case words"),
        ("ollama", "gauge", "Size.", (), "lower case words"),
        ("ollama__size", "gauge", "Size.", (), "lower case words"),
        ("ollama:size", "gauge", "Size.", (), "lower case words"),
        ("ollama_size_total", "gauge", "Size.", (), "_total"),
        ("ollama_size", "counter", "Size.", (), "_total"),
        ("ollama_size", "gauge", "", (), "one line"),
        ("ollama_size", "gauge", "Two\nlines.", (), "one line"),
        ("ollama_size", "gauge", "Size.", ("Model",), "lower case words"),
        ("ollama_size", "gauge", "Size.", ("__name__",), "lower case words"),
        ("ollama_size", "gauge", "Size.", ("instance",), "collides"),
        ("ollama_size", "gauge", "Size.", ("model", "model"), "named twice"),
    ],
)
def test_a_metric_that_breaks_the_conventions_is_refused(
    name: str, kind: Kind, words: str, labels: tuple[str, ...], why: str
) -> None:
    """Names, kinds, helps and labels that Prometheus or its users would stumble over."""
    with pytest.raises(ValueError, match=why):
        Metric(name, kind, words, labels)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(number: float) -> None:
    """What is not known has no sample; it is never NaN."""
    with pytest.raises(ValueError, match="is no value"):
        Family.of(SIZE, [(("a:1",), number)])


@pytest.mark.parametrize("values", [(), ("a:1", "b")])
def test_a_missing_or_further_label_value_is_refused(values: tuple[str, ...]) -> None:
    """prometheus_client would drop the label without a word."""
    with pytest.raises(ValueError, match="values for labels"):
        Family.of(SIZE, [(values, 1)])


def test_a_series_given_twice_is_refused() -> None:
    """Prometheus would refuse the whole page."""
    with pytest.raises(ValueError, match="given twice"):
        Family.of(SIZE, [(("a:1",), 1), (("a:1",), 2)])


def test_what_is_not_known_is_absent() -> None:
    """None has no sample, and 0 has one."""
    family = Family.of(SIZE, [(("a:1",), None), (("b:1",), 0)])

    assert family.samples == ((("b:1",), 0),)
