"""The queries of panels: series of the catalogue with the dashboard's filters, and thresholds with their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llama_metrics.catalogue import catalogue
from llama_metrics.metrics import AnyMetric, Histogram


def _series_of(metric: AnyMetric) -> dict[str, frozenset[str]]:
    """The series of a metric, with their labels: a histogram has three kinds."""
    labels = frozenset(metric.labels)
    if not isinstance(metric, Histogram):
        return {metric.name: labels}
    return {f"{metric.name}_bucket": labels | {"le"}, f"{metric.name}_sum": labels, f"{metric.name}_count": labels}


# `up` is what Prometheus itself adds for each target.
_LABELS = {"up": frozenset[str]()}
for _metric in catalogue():
    _LABELS |= _series_of(_metric)

_ON_JOB = 'job=~"$job"'
_ON_TARGET = f'{_ON_JOB}, instance=~"$instance"'
_ON_MODEL = 'model=~"$model"'

# The names of our alerts begin with these. A label that an alert does not have matches `|`: an alert on a whole job has
# no instance.
_OUR_ALERTS = 'alertname=~"(Ollama|Mac|Gpu|LlamaMetrics).*", job=~"$job|", instance=~"$instance|", model=~"$model|"'


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and the name of what it gives: in a legend, with `{{label}}` for the value of a label."""

    expr: str
    legend: str


def series(name: str, *matchers: str, all_models: bool = False) -> str:
    """A metric, filtered by those of the dashboard's variables that it has labels for, and by further matchers.

    Raises KeyError for a name that neither the catalogue nor Prometheus has.
    """
    of_model = (_ON_MODEL,) if "model" in _LABELS[name] and not all_models else ()
    return f"{name}{{{', '.join((_ON_TARGET, *of_model, *matchers))}}}"


def rate(name: str, *matchers: str, all_models: bool = False) -> str:
    """How fast a counter grows, per second."""
    return f"rate({series(name, *matchers, all_models=all_models)}[$__rate_interval])"


def events(name: str, *matchers: str) -> str:
    """By how much a counter has grown since the bar before. `increase` would count what two bars overlap in twice."""
    return f"{rate(name, *matchers)} * $__interval_ms / 1000"


def in_range(name: str, *matchers: str, all_models: bool = False) -> str:
    """By how much a counter has grown over the whole time that the dashboard shows."""
    return f"increase({series(name, *matchers, all_models=all_models)}[$__range])"


def whole(expr: str) -> str:
    """A number of things: the increase of a counter is an estimate, and not whole."""
    return f"round({expr})"


def quantile(share: float, buckets: str) -> str:
    """A quantile of what `buckets` counts by `le`. Nothing, and not NaN, where nothing was observed."""
    return f"histogram_quantile({share:g}, {buckets}) >= 0"


def record(name: str, *matchers: str, of_model: bool = False) -> str:
    """A series that a recording rule makes, filtered as a metric is. One of level `job` has no instance."""
    on_level = _ON_JOB if name.startswith("job:") else _ON_TARGET
    on_model = (_ON_MODEL,) if of_model else ()
    return f"{name}{{{', '.join((on_level, *on_model, *matchers))}}}"


def hourly(name: str, *matchers: str, of_model: bool = False) -> str:
    """A series that is recorded once an hour, which is longer than Prometheus looks back by itself."""
    return f"last_over_time({record(name, *matchers, of_model=of_model)}[2h])"


def place(names: Sequence[str], label: str, values: Sequence[str]) -> str:
    """Which of its states a state set is in: 1 for the first of the values, 0 for none, of several the last.

    A host that has several of the metrics is told of by the first.
    """
    sets = [" or ".join(series(name, f'{label}="{value}"') for name in names) for value in values]
    arms = [f"{number} * ({one})" for number, one in enumerate(sets, start=1)]
    return f"max without ({label}) ({' or '.join(arms)})"


def threshold(name: str, default: float) -> str:
    """A threshold as the alerts have it: the user's own series, else the default. Matched with `on ()`."""
    return f"(max(ollama:threshold:{name}) or vector({default:g}))"


def setting(name: str) -> str:
    """A budget or a price of the user, as the alerts have it. There is no default: where none is set, nothing."""
    return f"max(ollama:threshold:{name})"


def each(expr: str, name: str = "") -> Query:
    """A query that gives something for each host: the legend ends with which one it is.

    `$site` names the label by which sites differ whose hosts have equal names; where a series lacks it, it is empty.
    """
    return Query(expr, f"{name} {{{{instance}}}} {{{{$site}}}}".strip())


def of_job(expr: str, name: str = "") -> Query:
    """A query that gives something for each job of each site: the legend ends with which one it is."""
    return Query(expr, f"{name} {{{{job}}}} {{{{$site}}}}".strip())


def firing(severities: str = "critical|warning|info", names: str = ".+") -> str:
    """Our alerts that fire now. The dead man's switch, which always does, is of another severity."""
    return f'ALERTS{{{_OUR_ALERTS}{_named(names)}, severity=~"{severities}", alertstate="firing"}}'


def firing_since(names: str = ".+") -> str:
    """Of each alert that fires, the moment since when its condition has held."""
    return f"(ALERTS_FOR_STATE{{{_OUR_ALERTS}{_named(names)}}} and ignoring (alertstate) {firing(names=names)})"


def _named(names: str) -> str:
    return "" if names == ".+" else f', alertname=~"{names}"'
