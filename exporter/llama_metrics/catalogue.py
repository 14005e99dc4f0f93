"""Every metric the exporter can expose, as a list for people and for tests."""

from __future__ import annotations

from collections.abc import Sequence

from llama_metrics import scrape, self_metrics
from llama_metrics.collectors import ALL
from llama_metrics.metrics import AnyMetric

_MARKDOWN_HEAD = """\
# Metrics

This page is made by `make docs` from the metrics that the code declares, and a test compares them.
`tests/golden/` holds real pages, made from recorded answers of Ollama.

How to read it:

- A metric that is not known has no sample; 0 always means none. Where a collector could not look, its samples are
  missing and `llama_metrics_collector_success` is 0.
- While Ollama is down, `ollama_up` is 0 and nothing else about this Ollama is shown, save that its probe fails: no
  model is "still loaded".
- `model` is the name that `ollama ps` and `ollama list` show, always with its tag. No label ever holds a word out of
  a client's request.
- Sizes are bytes, times are seconds, dates are seconds since 1970. Rates, shares and sums are made by the rules and
  dashboards.
- Polling shows in Ollama's own access log: each scrape asks /api/version and /api/ps, and /api/tags once a minute.
  Whoever asks, GET of these three and POST /api/show are not counted as requests. A runner that has nothing to do
  leaves one line in the log whenever it is asked for its slots (`srv  update_slots: all slots are idle`).
- A probe's request moves a model's end to now plus its keep_alive. So without being named in the configuration, only a
  model that is pinned is probed: it has no end.
- A probe is a request like anyone's, and in the log's counters: with the default interval about 1,440 a day for each
  model, each with one generated token and the few of its prompt, `1`. How many of the counted generations are the
  probe's: `ollama_probe_attempts_total` minus `ollama_probe_failures_total`, summed over `reason`.
- What is counted from the log begins at 0 when the exporter starts; what was in the log before is not counted.
- The log decides `model` where one runner is alive, where one of those alive prints costs (embedding models do not),
  where runners differ in their context or in task numbers that cannot be theirs, and with OLLAMA_DEBUG. Else it is
  `unknown`. Sums over `model` are exact in all cases.
- Where the log is short of what clients were told: a runner that is stopped right after an answer can take the lines of
  that answer along. Where it knows more: streams without `include_usage` and /api/embeddings tell their clients no
  counts. A request that is cancelled is counted nowhere but in `ollama_http_requests_total`, and one that its client
  left while it was loaded or queued in `ollama_requests_cancelled_total`.
- What a user can make Ollama write: paths, methods and, with OLLAMA_DEBUG, prompts stand in quotes, and cannot forge a
  line. A model's chat template and name are printed as they are: who may create models can forge counts, but no label,
  for `model` is a name that is installed, and the others come from closed lists."""
_TABLE_HEAD = ("| name | kind | labels | meaning |", "|---|---|---|---|")


def sections() -> list[tuple[str, tuple[AnyMetric, ...]]]:
    """Title and metrics of each part of the page, in its order."""
    collectors = [(f"`{collector.name}`: {collector.help}", collector.metrics) for collector in ALL]
    return [*collectors, ("Health of the collectors", scrape.METRICS), ("The exporter itself", self_metrics.METRICS)]


def catalogue() -> tuple[AnyMetric, ...]:
    """Every metric, in the order of the page."""
    return tuple(metric for _, metrics in sections() for metric in metrics)


def as_text(metrics: Sequence[AnyMetric]) -> str:
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


def _labels(metric: AnyMetric) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels) or "none"
