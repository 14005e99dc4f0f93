"""What a Prometheus knows of the exporters that it scrapes, and of the series that rules read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from llama_metrics import scrape, self_metrics
from llama_metrics.collector import AnyCollector
from llama_metrics.collectors import ALL
from llama_metrics.collectors.version import BUILD_INFO
from llama_metrics.metrics import AnyMetric, Histogram
from llama_metrics.rulecheck.prometheus import Prometheus

# The labels of a target, external ones too: what is left of a series without the labels that we add.
Host = frozenset[tuple[str, str]]
Provider = tuple[AnyCollector, AnyMetric]
# Where these are, the programs are scraped that tell of themselves.
_PROGRAMS = ("prometheus_build_info", "alertmanager_build_info")


@dataclass(frozen=True, slots=True)
class Exporter:
    """What one target says of itself.

    Attributes:
        health: collectors that are on, each with whether it reads its source.
        system: what it runs on, as `platform.system` in small letters; empty where it does not say.
        ollama: the version of its Ollama; empty where it does not say.

    """

    health: Mapping[str, bool]
    system: str = ""
    ollama: str = ""


@dataclass(frozen=True)
class Installation:
    """Everything that was asked for.

    Attributes:
        version: Prometheus'.
        loaded: the rules that it evaluates, each with the error of its last evaluation, if any.
        exporters: those that watch an Ollama, by target.
        present: of each series of a collector, the targets that have it now.
        known: what else there is now.

    """

    version: str
    loaded: Mapping[str, str]
    exporters: Mapping[Host, Exporter]
    present: Mapping[str, frozenset[Host]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


def providers() -> dict[str, Provider]:
    """The collector and the metric behind each name of a series that a collector may give."""
    found: dict[str, Provider] = {}
    for collector in ALL:
        for metric in collector.metrics:
            ends = ("_bucket", "_sum", "_count") if isinstance(metric, Histogram) else ("",)
            found |= {metric.name + end: (collector, metric) for end in ends}
    return found


def look(prometheus: Prometheus, names: Iterable[str]) -> Installation:
    """What there is of the series of these names. Raises SourceError."""
    version, loaded = prometheus.version(), prometheus.rules()
    exporters = _exporters(prometheus)
    by_collector = providers()
    present, known = {}, set()
    for name in sorted({*names, *_PROGRAMS}):
        if name in by_collector:
            _, metric = by_collector[name]
            present[name] = frozenset(_hosts(prometheus, metric))
        elif prometheus.query(f"group({_selector(name)})"):
            known.add(name)
    return Installation(version, loaded, exporters, present, frozenset(known))


def _exporters(prometheus: Prometheus) -> dict[Host, Exporter]:
    health: dict[Host, dict[str, bool]] = {}
    # One collector at a time, so that the answer about many targets stays small.
    for collector in ALL:
        for labels, value in prometheus.query(f'{scrape.SUCCESS.name}{{collector="{collector.name}"}}'):
            health.setdefault(_host(labels, scrape.SUCCESS), {})[collector.name] = value == 1
    systems = _told(prometheus, self_metrics.BUILD_INFO, "os")
    versions = _told(prometheus, BUILD_INFO, "version")
    return {host: Exporter(own, systems.get(host, ""), versions.get(host, "")) for host, own in health.items()}


def _told(prometheus: Prometheus, metric: AnyMetric, label: str) -> dict[Host, str]:
    """By target, what a label of a metric says."""
    return {_host(labels, metric): labels.get(label, "") for labels, _ in prometheus.query(metric.name)}


def _hosts(prometheus: Prometheus, metric: AnyMetric) -> Iterable[Host]:
    """The targets that have series of a metric; of a histogram, its count is enough."""
    name = f"{metric.name}_count" if isinstance(metric, Histogram) else metric.name
    found = prometheus.query(f"group without ({', '.join(metric.labels)}) ({name})")
    return (_host(labels, metric) for labels, _ in found)


def _host(labels: Mapping[str, str], metric: AnyMetric) -> Host:
    return frozenset((name, value) for name, value in labels.items() if name not in (*metric.labels, "__name__"))


def _selector(name: str) -> str:
    """Written so that a name of any characters is one."""
    escaped = name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'{{__name__="{escaped}"}}'
