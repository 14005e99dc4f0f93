"""Every metric the exporter can expose, as a list for people and for tests."""

from __future__ import annotations

from collections.abc import Sequence

from llama_metrics import scrape, self_metrics
from llama_metrics.collectors import ALL
from llama_metrics.metrics import Metric

_MARKDOWN_HEAD = """\
# Metrics

This page is made by `make docs` from the metrics that the code declares, and a test compares them.
`tests/golden/` holds real pages, made from recorded answers of Ollama.

How to read it:

- A metric that is not known has no sample; 0 always means none. Where a collector could not look, its samples are
  missing and `llama_metrics_collector_success` is 0.
- While Ollama is down, `ollama_up` is 0 and nothing else about this Ollama is shown: no model is "still loaded".
- `model` is the name that `ollama ps` and `ollama list` show, always with its tag. No label ever holds a word out of
  a client's request.
- Sizes are bytes, times are seconds, dates are seconds since 1970. Rates, shares and sums are made by the rules and
  dashboards.
- Polling shows in Ollama's own access log: each scrape asks /api/version and /api/ps, and /api/tags once a minute.
- Not seen from the API, and so not here yet: requests, tokens, latency, queue, errors."""
_TABLE_HEAD = ("| name | kind | labels | meaning |", "|---|---|---|---|")


def sections() -> list[tuple[str, tuple[Metric, ...]]]:
    """Title and metrics of each part of the page, in its order."""
    collectors = [(f"`{collector.name}`: {collector.help}", collector.metrics) for collector in ALL]
    return [*collectors, ("Health of the collectors", scrape.METRICS), ("The exporter itself", self_metrics.METRICS)]


def catalogue() -> tuple[Metric, ...]:
    """Every metric, in the order of the page."""
    return tuple(metric for _, metrics in sections() for metric in metrics)


def as_text(metrics: Sequence[Metric]) -> str:
    """One line a metric, sorted: name, kind, labels. A rename is a visible difference."""
    lines = [f"{metric.name} {metric.kind} {{{','.join(metric.labels)}}}" for metric in metrics]
    return "\n".join(sorted(lines)) + "\n"


def as_markdown() -> str:
    """docs/METRICS.md."""
    parts = [_MARKDOWN_HEAD]
    for title, metrics in sections():
        rows = [f"| `{metric.name}` | {metric.kind} | {_labels(metric)} | {metric.help} |" for metric in metrics]
        parts.append("\n".join([f"## {title}", "", *_TABLE_HEAD, *rows]))
    return "\n\n".join(parts) + "\n"


def _labels(metric: Metric) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels) or "none"
