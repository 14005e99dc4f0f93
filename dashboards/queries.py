"""The queries of panels: series of the catalogue with the dashboard's filters, and thresholds with their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from llama_metrics.catalogue import catalogue

# `up` is what Prometheus itself adds for each target.
_LABELS = {"up": frozenset[str](), **{metric.name: frozenset(metric.labels) for metric in catalogue()}}

_ON_TARGET = 'job=~"$job", instance=~"$instance"'
_ON_MODEL = 'model=~"$model"'

# The names of our alerts begin with these. A label that an alert does not have matches `|`: an alert on a whole job has
# no instance.
_OUR_ALERTS = 'alertname=~"(Ollama|Mac|Gpu|LlamaMetrics).*", job=~"$job|", instance=~"$instance|", model=~"$model|"'


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and the name of what it gives: in a legend, with `{{label}}` for the value of a label."""

    expr: str
    legend: str


def series(name: str, *, all_models: bool = False) -> str:
    """A metric, filtered by those of the dashboard's variables that it has labels for.

    Raises KeyError for a name that neither the catalogue nor Prometheus has.
    """
    of_model = "model" in _LABELS[name] and not all_models
    return f"{name}{{{_ON_TARGET}, {_ON_MODEL}}}" if of_model else f"{name}{{{_ON_TARGET}}}"


def record(name: str) -> str:
    """A series that a recording rule of level `instance` makes, filtered by job and instance."""
    return f"{name}{{{_ON_TARGET}}}"


def threshold(name: str, default: float) -> str:
    """A threshold as the alerts have it: the user's own series, else the default. Matched with `on ()`."""
    return f"(max(ollama:threshold:{name}) or vector({default:g}))"


def each(expr: str, name: str = "") -> Query:
    """A query that gives something for each host: the legend ends with which one it is.

    `$site` names the label by which sites differ whose hosts have equal names; where a series lacks it, it is empty.
    """
    return Query(expr, f"{name} {{{{instance}}}} {{{{$site}}}}".strip())


def firing(severities: str = "critical|warning|info") -> str:
    """Our alerts that fire now. The dead man's switch, which always does, is of another severity."""
    return f'ALERTS{{{_OUR_ALERTS}, severity=~"{severities}", alertstate="firing"}}'


def firing_since() -> str:
    """Of each alert that fires, the moment since when its condition has held."""
    return f"(ALERTS_FOR_STATE{{{_OUR_ALERTS}}} and ignoring (alertstate) {firing()})"
